"""What a terminal shows: how far something is."""
