"""The trigger types, each in a file of its own."""
