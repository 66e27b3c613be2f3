"""Whom the commands ask: a server, or the store of this installation."""

from collections.abc import Generator
from contextlib import contextmanager

from agentmesh_dagster.cli.mesh import Mesh
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.settings import get_settings


class OnlyHere(AgentMeshError):
    """This works on the store of this machine: leave `--url` and AGENTMESH_URL away."""


def open_here(command: str) -> Services:
    """The services of this installation. Raises OnlyHere where a server is named."""
    if get_settings().url is not None:
        raise OnlyHere(f"`agentmesh {command}`")
    return open_services()


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
