"""Paid work, neither lost nor paid for twice. Knows records and files, no Dreams."""
