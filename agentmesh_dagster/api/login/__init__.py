"""Login: who may reach the port, Dagster's own pages and GraphQL included."""
