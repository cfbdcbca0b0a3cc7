"""Paid work, which is never lost and never paid for twice. This part knows records and files, not Dreams."""
