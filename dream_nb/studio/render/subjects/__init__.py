"""What a picture is of: the figures that a prompt names, large, in its colours, and moving as it says."""
