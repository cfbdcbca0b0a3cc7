"""The subjects of a picture: the figures that a prompt names, large, in its colours, and moving as it says."""
