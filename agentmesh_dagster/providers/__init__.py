"""Language models behind one interface, each provider in the file that has its name, as in `specs/providers`."""

from collections.abc import Callable

from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.providers import anthropic, local, openai
from agentmesh_dagster.providers.ask import ModelProvider
from agentmesh_dagster.providers.calls import close_call_loop
from agentmesh_dagster.providers.chat import Provider
from agentmesh_dagster.providers.endpoints import SERVICES, build_connection_endpoint
from agentmesh_dagster.providers.errors import ProviderNotConfigured
from agentmesh_dagster.providers.prices import Seller
from agentmesh_dagster.providers.retries import FIRST_DELAY_SECONDS
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.specs import PLUGINS
from agentmesh_dagster.specs.plugins import Group, Registry

__all__ = ["BUILDERS", "close_providers", "find_seller", "get_provider"]

OURS: dict[str, Callable[[Settings, float], Provider]] = {
    "openai": openai.build,
    "anthropic": anthropic.build,
    "local": local.build,
}
BUILDERS: Registry[Callable[[Settings, float], Provider]] = PLUGINS.join(Group.PROVIDERS, OURS, lambda kind: kind.build)


def get_provider(
    provider: str,
    settings: Settings,
    connection: str | None = None,
    *,
    first_delay_seconds: float = FIRST_DELAY_SECONDS,
) -> Provider:
    """The provider as these settings want it, or the declared `connection`, which takes its place.

    What has the same address and key shares its sockets. Raises ProviderNotConfigured when the key is missing, the
    address is none, or there is no such provider or connection. `first_delay_seconds` is the longest wait before the
    second try; it doubles for each further one.
    """
    if connection is not None:
        endpoint = build_connection_endpoint(settings, connection)
        return ModelProvider(connection, endpoint, settings, first_delay_seconds)
    build = BUILDERS.get(provider)
    if build is None:
        raise ProviderNotConfigured(with_hint(f"there is no provider {quote(provider)}", provider, BUILDERS))
    return build(settings, first_delay_seconds)


def find_seller(provider: str, settings: Settings, connection: str | None = None) -> Seller:
    """Whose prices hold for a provider, or for a connection that takes its place."""
    declared = settings.declared.connections.get(connection or "")
    if declared is not None:
        return Seller(SERVICES.get(declared.kind), declared.base_url or "", own=declared.prices)
    if provider in SERVICES:
        return Seller(provider, "")
    return Seller(None, settings.local_base_url or "", is_own_server=provider == "local")


def close_providers() -> None:
    """Ends the calls that run and closes all connections; the next call opens new ones."""
    close_call_loop()
