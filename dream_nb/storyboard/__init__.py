"""Several shots as one film."""
