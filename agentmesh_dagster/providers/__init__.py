"""Language models behind one interface, each provider in the file that has its name, as in `specs/providers`."""

from collections.abc import Callable, Mapping

from agentmesh_dagster.entities.models import ModelProvider
from agentmesh_dagster.providers import anthropic, local, openai
from agentmesh_dagster.providers.calls import close_call_loop
from agentmesh_dagster.providers.chat import Provider
from agentmesh_dagster.providers.retries import FIRST_DELAY_SECONDS
from agentmesh_dagster.settings import Settings

__all__ = ["BUILDERS", "close_providers", "get_provider"]

BUILDERS: Mapping[ModelProvider, Callable[[Settings, float], Provider]] = {
    ModelProvider.OPENAI: openai.build,
    ModelProvider.ANTHROPIC: anthropic.build,
    ModelProvider.LOCAL: local.build,
}


def get_provider(
    provider: ModelProvider, settings: Settings, *, first_delay_seconds: float = FIRST_DELAY_SECONDS
) -> Provider:
    """The provider as these settings want it; connections are shared by all with the same address and key.

    Raises ProviderNotConfigured when the key is missing or the address is none. `first_delay_seconds` is the
    longest wait before the second try; it doubles for each further one.
    """
    return BUILDERS[provider](settings, first_delay_seconds)


def close_providers() -> None:
    """Ends the calls that run and closes all connections; the next call opens new ones."""
    close_call_loop()
