"""The user interface in a notebook: magics, commands and widgets."""
