"""Pictures and clips that a request brings along: reading them, and what they do to a drawing."""
