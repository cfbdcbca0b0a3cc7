"""Reads the pictures and clips that a request contains, and applies them to a drawing."""
