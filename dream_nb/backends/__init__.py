"""Backends: the studio or a hosted server, with keys and prices."""
