"""Whom the commands ask: a server, or the store of this installation."""

from collections.abc import Generator
from contextlib import contextmanager

from agentmesh_dagster.cli.mesh import Mesh
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.settings import get_settings


@contextmanager
def open_mesh() -> Generator[Mesh]:
    """The server at AGENTMESH_URL (`--url`); without it, the store of this installation."""
    settings = get_settings()
    if settings.url is None:
        from agentmesh_dagster.cli.here import Here  # the local store's code is not needed for a server's

        yield Here(open_services())
        return
    from agentmesh_dagster.cli.there import There
    from agentmesh_dagster.client import AgentMeshClient

    with AgentMeshClient(settings.url, token=settings.token.get_secret_value() if settings.token else None) as client:
        yield There(client)
