"""The provider `local`: an OpenAI-compatible server, or the built-in offline model where none is set."""

from agentmesh_dagster.providers.chat import Provider
from agentmesh_dagster.providers.endpoints import build_endpoint
from agentmesh_dagster.providers.offline.model import OfflineModel
from agentmesh_dagster.providers.openai import OpenAIProvider
from agentmesh_dagster.settings import Settings


def build_local_provider(settings: Settings, first_delay_seconds: float) -> Provider:
    """Ollama, vLLM, llama.cpp or the like at `local_base_url`; the offline model when that is not set."""
    if not settings.local_base_url:
        return OfflineModel()
    key = settings.local_api_key.get_secret_value().strip() if settings.local_api_key else ""
    endpoint = build_endpoint(
        settings,
        "local",
        base_url=settings.local_base_url,
        url_variable="AGENTMESH_LOCAL_BASE_URL",
        api_key=key or "none",  # the SDK wants one, and most such servers look at none
        key_variable="AGENTMESH_LOCAL_API_KEY",
    )
    return OpenAIProvider("local", endpoint, settings, first_delay_seconds, max_tokens_field="max_tokens")
