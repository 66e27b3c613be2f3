"""A run launcher that forks run workers from a process that has everything imported already."""

from agentmesh_dagster.extensions.warm_launcher.launcher import WarmRunLauncher

__all__ = ["WarmRunLauncher"]
