"""What Dagster loads: the jobs of all stored workflows, pinned to one catalogue revision."""

from agentmesh_dagster.code_location.definitions import build_definitions
from agentmesh_dagster.code_location.repository import build_repository

__all__ = ["build_definitions", "build_repository"]
