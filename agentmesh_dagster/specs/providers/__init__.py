"""The providers of models, each in a file of its own."""
