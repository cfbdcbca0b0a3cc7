"""The widgets, one a module, each with its script and style beside it."""
