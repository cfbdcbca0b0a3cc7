"""The lines of magics and of the command line: options, prompts, references and settings."""
