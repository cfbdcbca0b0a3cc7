"""Python objects to look at and go on from. Knows no widgets and no magics."""
