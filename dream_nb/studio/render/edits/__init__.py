"""Edits of an earlier video or image: a new look, another aspect ratio, another size, layers."""
