"""The names of Dagster that this floor uses although `dagster` does not export them."""
