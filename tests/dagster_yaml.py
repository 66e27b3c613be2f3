"""Which `dagster.yaml` the tests run with: ours, or that of the settings, such as `tests/stock.yaml`."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]


def find_dagster_yaml() -> Path:
    return Path(os.environ.get("AGENTMESH_DAGSTER_YAML", ROOT / "dagster.yaml"))
