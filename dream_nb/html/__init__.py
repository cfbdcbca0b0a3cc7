"""What a saved notebook shows."""
