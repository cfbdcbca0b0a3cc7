"""Places other than landscapes: a street, a room, a table, close-up ground, abstract forms, a backdrop, space."""
