"""Edits of an earlier video or image: another look, another aspect ratio, another size."""
