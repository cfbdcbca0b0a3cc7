"""Paid work, which is never lost and never paid for twice. This part uses records and files, but not Dreams."""
