"""Land and water: ridges, the plants and buildings on them, and their colours."""
