"""The Dream Machine and Luma APIs: everything that is sent and received. This part uses neither disk nor notebook."""
