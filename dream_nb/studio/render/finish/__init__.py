"""The last steps for composed frames: zoom and roll, grain, and writing the file."""
