"""The library: the ledger, and the files with their sidecars."""
