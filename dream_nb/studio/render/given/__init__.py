"""Pictures and clips that a request contains: reading them, and their effects on a drawing."""
