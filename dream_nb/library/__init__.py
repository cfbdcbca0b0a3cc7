"""What is kept: the ledger, and the files with what is said beside them."""
