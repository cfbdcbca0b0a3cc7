"""Static HTML for saved notebooks."""
