"""The sky, the bodies in it, and the weather."""
