"""The subcommands of `%dreams`."""
