"""The last steps for composed frames: zoom and roll, grain, and the file that is written."""
