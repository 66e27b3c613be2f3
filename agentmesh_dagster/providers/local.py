"""The provider `local`: an OpenAI-compatible server, or the built-in offline model where none is set."""

from agentmesh_dagster.providers.ask import ModelProvider
from agentmesh_dagster.providers.chat import Provider
from agentmesh_dagster.providers.endpoints import build_endpoint
from agentmesh_dagster.providers.offline.model import OfflineModel
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.specs.providers.local import SPEC


def build(settings: Settings, first_delay_seconds: float) -> Provider:
    """Ollama, vLLM, llama.cpp or the like at `local_base_url`; the offline model when that is not set."""
    if not settings.local_base_url:
        return OfflineModel()
    return ModelProvider(SPEC.name, build_endpoint(settings, SPEC), settings, first_delay_seconds)
