"""The command line in this process, and a folder with documents to type about."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agentmesh_dagster.cli import main
from agentmesh_dagster.control.dagster_internals import ReconstructableJob
from agentmesh_dagster.settings import get_settings
from tests.cli.documents import WORKFLOWS, write_yaml


@dataclass(frozen=True)
class Typed:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def agentmesh(capsys: pytest.CaptureFixture[str]) -> Callable[..., Typed]:
    """Types a command: `agentmesh("list", "--format", "json")`."""

    def type_command(*arguments: object) -> Typed:
        # A process of its own would know neither the settings nor the job of the command before.
        get_settings.cache_clear()
        ReconstructableJob.get_repository_definition.cache_clear()
        ReconstructableJob.get_definition.cache_clear()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Typed(ended.value.code or 0, printed.out, printed.err)

    return type_command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, the current one."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def applied(agentmesh: Callable[..., Typed], folder: Path) -> Callable[..., Typed]:
    """The command line, with the workflows of `tests/cli/documents.py` in the store."""
    write_yaml(folder / "workflows.yaml", WORKFLOWS)
    assert agentmesh("apply", "workflows.yaml").code == 0
    return agentmesh
