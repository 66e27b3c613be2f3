"""What Dagster loads at the repository's root: the jobs of all stored workflows."""

from agentmesh_dagster.code_location import build_repository

repository = build_repository()
