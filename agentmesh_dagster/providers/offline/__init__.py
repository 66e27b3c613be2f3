"""The built-in offline model."""
