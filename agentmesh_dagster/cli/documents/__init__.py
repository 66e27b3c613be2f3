"""Documents in files, and those of them that a command saves by itself."""
