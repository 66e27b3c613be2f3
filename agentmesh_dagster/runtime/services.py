"""Services: what an op needs of the world around it."""

from dataclasses import dataclass
from typing import Protocol

from agentmesh_dagster.providers import get_provider
from agentmesh_dagster.providers.chat import Provider
from agentmesh_dagster.runtime.tracing import trace_runs
from agentmesh_dagster.settings import Settings, get_settings
from agentmesh_dagster.specs import PLUGINS
from agentmesh_dagster.store import Store, open_store


class ProviderFor(Protocol):
    def __call__(self, provider: str, settings: Settings, connection: str | None, /) -> Provider:
        """The provider of this name, or what the operator has declared under the name of the connection."""
        ...


@dataclass(frozen=True)
class Services:
    store: Store
    settings: Settings
    provider_for: ProviderFor = get_provider


def open_services(settings: Settings | None = None) -> Services:
    """The services of this process, from its settings unless others are given.

    Raises BrokenPlugins: nothing starts with half of its types.
    """
    PLUGINS.load()
    settings = settings or get_settings()
    store = open_store(settings.store_url)
    trace_runs(store)
    return Services(store, settings)
