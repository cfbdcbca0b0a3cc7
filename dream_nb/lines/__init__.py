"""What a line asks for: its options, its prompt, what it refers to, and the settings behind it."""
