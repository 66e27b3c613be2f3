"""Which code locations there are, when nobody says so."""

import tomllib
from pathlib import Path

_OURS = Path(__file__).parents[1] / "code_location" / "workspace.yaml"


def find_workspace_file() -> Path | None:
    """The workspace file of our own code location alone; None: the current folder has its own for Dagster to find."""
    named = any(Path(name).exists() for name in ("workspace.yaml", "workspace.yml"))
    return None if named or _names_a_location(Path("pyproject.toml")) else _OURS


def _names_a_location(pyproject: Path) -> bool:
    if not pyproject.exists():
        return False
    tools = tomllib.loads(pyproject.read_text("utf-8")).get("tool", {})
    return "dagster" in tools or "dg" in tools
