"""Services: what an op needs of the world around it."""

from collections.abc import Callable
from dataclasses import dataclass

from agentmesh_dagster.providers import get_provider
from agentmesh_dagster.providers.chat import Provider
from agentmesh_dagster.settings import Settings, get_settings
from agentmesh_dagster.specs import PLUGINS
from agentmesh_dagster.store import Store, open_store


@dataclass(frozen=True)
class Services:
    store: Store
    settings: Settings
    provider_for: Callable[[str, Settings], Provider] = get_provider


def open_services(settings: Settings | None = None) -> Services:
    """The services of this process, from its settings unless others are given.

    Raises BrokenPlugins: nothing starts with half of its types.
    """
    PLUGINS.load()
    settings = settings or get_settings()
    return Services(open_store(settings.store_url), settings)
