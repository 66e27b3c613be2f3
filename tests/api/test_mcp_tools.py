"""What an MCP server has stands in the tool that is saved, whoever saves it, and in no document."""

import sys
from pathlib import Path
from typing import Any

import pytest

from agentmesh_dagster.settings import get_settings
from tests.api.office import Office

SERVER = Path(__file__).parents[1] / "tools" / "mcp_server.py"
CONFIG = {"server": "office", "include": ["a*", "greet"]}
TOOL: dict[str, Any] = {"id": "t", "name": "T", "type": "mcp", "config": CONFIG}


@pytest.fixture(autouse=True)
def declared(home: Path, tmp_path: Path) -> Path:
    home.mkdir()
    marks = tmp_path / "marks"
    file = home / "agentmesh.toml"
    file.write_text(f"[mcp.office]\ncommand = {sys.executable!r}\nargs = [{str(SERVER)!r}, {str(marks)!r}]\n")
    get_settings.cache_clear()
    return file


def test_the_functions_of_a_server_are_kept_with_the_revision_and_stay_while_it_cannot_be_reached(
    office: Office, declared: Path
):
    saved = office.ok("POST", "/tools", TOOL)
    [greet] = [one for one in saved["functions"] if one["name"] == "greet"]
    exported = office.ok("GET", "/documents")

    assert greet["inputSchema"]["required"] == ["name"]
    assert "functions" not in exported["tools"][0]
    reply = office.ok("POST", "/tools/t/try", {"input": {"function": "add", "arguments": {"a": 1, "b": 2}}})
    assert reply["output"] == {"result": 3}

    object.__setattr__(office.services.settings, "declared", type(office.services.settings.declared)())
    again = office.ok("PUT", "/tools/t", saved | {"name": "Renamed"})

    assert again["functions"] == saved["functions"]
    assert "functions" not in office.ok("POST", "/tools", TOOL | {"id": "u"})
