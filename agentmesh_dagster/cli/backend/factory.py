"""Whom the commands ask: a server, or the store of this installation."""

from collections.abc import Generator
from contextlib import contextmanager

from agentmesh_dagster.cli.backend import Backend
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.settings import get_settings


class LocalOnly(AgentMeshError):
    """This works on the store of this machine: leave `--url` and AGENTMESH_URL away."""


def open_local_services(command: str) -> Services:
    """The services of this installation. Raises LocalOnly where a server is named."""
    if get_settings().url is not None:
        raise LocalOnly(f"`agentmesh {command}`")
    return open_services()


@contextmanager
def open_backend() -> Generator[Backend]:
    """The server at AGENTMESH_URL (`--url`); without it, the store of this installation."""
    settings = get_settings()
    if settings.url is None:
        from agentmesh_dagster.cli.backend.local import LocalBackend  # each needs code that the other does not

        yield LocalBackend(open_services())
        return
    from agentmesh_dagster.cli.backend.remote import RemoteBackend
    from agentmesh_dagster.client import AgentMeshClient

    with AgentMeshClient(settings.url, token=settings.token.get_secret_value() if settings.token else None) as client:
        yield RemoteBackend(client)
