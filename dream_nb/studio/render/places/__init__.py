"""Places that are no landscapes: a street, a room, a table, the ground from near, forms, a backdrop, space."""
