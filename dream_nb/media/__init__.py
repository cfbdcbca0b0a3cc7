"""Media files as pixels, sound and numbers."""
