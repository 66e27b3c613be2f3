"""The library's models of Anthropic."""

from typing import Any, cast

import anthropic
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.profiles.anthropic import AnthropicModelProfile
from pydantic_ai.providers.anthropic import AnthropicProvider

from agentmesh_dagster.providers.endpoints import Endpoint


def build_sdk(given: dict[str, Any]) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(**given)


def build_model(endpoint: Endpoint, sdk: anthropic.AsyncAnthropic, name: str) -> Model[Any]:
    """The model of this name, with the features that the API has: the library goes by names, and may not know it."""
    profile = AnthropicModelProfile(
        supports_json_schema_output=True,
        supports_thinking=True,
        anthropic_disallows_sampling_settings=False,  # else they are left out without a word
    )
    profile |= cast("AnthropicModelProfile", endpoint.profile)
    return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=sdk), profile=profile)
