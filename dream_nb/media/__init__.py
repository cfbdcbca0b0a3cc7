"""Files as pixels, sound and numbers."""
