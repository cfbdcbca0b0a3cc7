"""Progress and pictures in a terminal."""
