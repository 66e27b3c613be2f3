"""The node types, each in a file of its own."""
