"""The provider `openai`: OpenAI, or a gateway to it."""

from agentmesh_dagster.providers.ask import ModelProvider
from agentmesh_dagster.providers.endpoints import build_endpoint
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.specs.providers.openai import SPEC


def build(settings: Settings, first_delay_seconds: float) -> ModelProvider:
    """The provider as these settings want it. Raises ProviderNotConfigured."""
    return ModelProvider(SPEC.name, build_endpoint(settings, SPEC), settings, first_delay_seconds)
