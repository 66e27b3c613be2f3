"""Writes what `/types` says to where the web app's own tests read it: `python -m tests.web.write_types`."""

import json
from pathlib import Path

from agentmesh_dagster.api.routes.about import list_types

TYPES_FILE = Path(__file__).parents[2] / "agentmesh_dagster" / "web" / "src" / "types" / "types.json"


def format_types() -> str:
    return json.dumps(list_types().to_wire(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TYPES_FILE.write_text(format_types(), encoding="utf-8")
