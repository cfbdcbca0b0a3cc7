"""Silhouettes of flocks, boats, balloons and the like, and how they move through a scene."""
