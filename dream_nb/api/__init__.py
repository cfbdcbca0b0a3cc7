"""The Dream Machine and Luma APIs: everything that is sent and received. This part knows no disk and no notebook."""
