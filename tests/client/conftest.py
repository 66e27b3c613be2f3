"""One real server for all tests here, with a login and the lesson workflows, and a client of it."""

from collections.abc import Callable, Iterator

import pytest

from agentmesh_dagster.client import AgentMeshClient
from tests.cli.conftest import Typed, agentmesh, folder
from tests.process.servers import ROOT, RunningDev, run_dev

__all__ = ["agentmesh", "folder"]


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "workflows").symlink_to(ROOT / "workflows")
    with run_dev(folder, auth="on", path_prefix="/mesh") as running:
        yield running


@pytest.fixture
def mesh(server: RunningDev) -> Iterator[AgentMeshClient]:
    with AgentMeshClient(server.url, token=server.read_token()) as client:
        yield client


@pytest.fixture
def remote(
    agentmesh: Callable[..., Typed], server: RunningDev, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Typed]:
    """The command line of another machine, which has only the server's address and a token."""
    monkeypatch.setenv("AGENTMESH_URL", server.url)
    monkeypatch.setenv("AGENTMESH_TOKEN", server.read_token() or "")
    return agentmesh
