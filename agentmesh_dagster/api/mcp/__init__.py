"""`/mcp`: what the API does, as tools for the agents of other programs (Model Context Protocol)."""
