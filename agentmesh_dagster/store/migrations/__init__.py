"""The history of the store's tables, shipped with the package and run when a store is opened."""

from pathlib import Path

FOLDER = Path(__file__).parent
HEAD = "0024"  # the newest migration; opening a store that stands here needs no Alembic
VERSION_TABLE = "agentmesh_alembic_version"  # Dagster's storage may keep its `alembic_version` beside it
