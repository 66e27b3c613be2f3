"""Launch runs, and see to it that the store and Dagster agree on what became of them."""
