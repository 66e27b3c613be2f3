"""The tool types, each in a file of its own."""
