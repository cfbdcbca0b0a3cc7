"""Places other than landscapes: a street, a room, a table, the ground up close, forms, a backdrop, space."""
