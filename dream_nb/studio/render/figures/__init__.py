"""Animals, people and vehicles: their silhouettes, and how they move through a scene."""
