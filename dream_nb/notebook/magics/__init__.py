"""The magics, and what their lines say."""
