"""Language models behind one interface: `openai`, `anthropic`, and `local` with its offline model."""

from pydantic import SecretStr

from agentmesh_dagster.entities.models import ModelProvider
from agentmesh_dagster.providers.anthropic import AnthropicProvider
from agentmesh_dagster.providers.calls import close_call_loop
from agentmesh_dagster.providers.chat import Provider
from agentmesh_dagster.providers.endpoints import build_endpoint
from agentmesh_dagster.providers.errors import ProviderNotConfigured
from agentmesh_dagster.providers.local import build_local_provider
from agentmesh_dagster.providers.openai import OpenAIProvider
from agentmesh_dagster.providers.retries import FIRST_DELAY_SECONDS
from agentmesh_dagster.settings import Settings

__all__ = ["close_providers", "get_provider"]


def get_provider(
    provider: ModelProvider, settings: Settings, *, first_delay_seconds: float = FIRST_DELAY_SECONDS
) -> Provider:
    """The provider as these settings want it; connections are shared by all with the same address and key.

    Raises ProviderNotConfigured when the key is missing or the address is none. `first_delay_seconds` is the
    longest wait before the second try; it doubles for each further one.
    """
    match provider:
        case ModelProvider.OPENAI:
            endpoint = build_endpoint(
                settings,
                "openai",
                base_url=settings.openai_base_url or "https://api.openai.com/v1",
                url_variable="OPENAI_BASE_URL",
                api_key=_require_key(settings.openai_api_key, "OPENAI_API_KEY", "openai"),
                key_variable="OPENAI_API_KEY",
            )
            return OpenAIProvider(
                "openai", endpoint, settings, first_delay_seconds, max_tokens_field="max_completion_tokens"
            )
        case ModelProvider.ANTHROPIC:
            endpoint = build_endpoint(
                settings,
                "anthropic",
                base_url=settings.anthropic_base_url or "https://api.anthropic.com",
                url_variable="ANTHROPIC_BASE_URL",
                api_key=_require_key(settings.anthropic_api_key, "ANTHROPIC_API_KEY", "anthropic"),
                key_variable="ANTHROPIC_API_KEY",
            )
            return AnthropicProvider(endpoint, settings, first_delay_seconds)
        case ModelProvider.LOCAL:
            return build_local_provider(settings, first_delay_seconds)


def close_providers() -> None:
    """Ends the calls that run and closes all connections; the next call opens new ones."""
    close_call_loop()


def _require_key(secret: SecretStr | None, variable: str, provider: str) -> str:
    key = secret.get_secret_value().strip() if secret is not None else ""
    if not key:
        raise ProviderNotConfigured(
            f"{provider} needs a key: set {variable}. Without one, the provider `local` answers offline"
        )
    return key
