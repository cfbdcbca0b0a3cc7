"""Land and water: ridges, what grows and stands on them, and how they are coloured."""
