"""What a cell shows while it runs and afterwards."""
