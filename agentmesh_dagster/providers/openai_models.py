"""The library's models of OpenAI, and of servers that speak as OpenAI does."""

from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import openai
from pydantic_ai.models import Model
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

from agentmesh_dagster.providers.endpoints import Endpoint
from agentmesh_dagster.providers.ways import Way


def build_sdk(endpoint: Endpoint, given: dict[str, Any]) -> openai.AsyncOpenAI:
    """The SDK's client; classic Azure has each model under a path of its own, which an SDK of its own writes."""
    address = urlsplit(endpoint.base_url)
    version = dict(parse_qsl(address.query)).get("api-version")
    if endpoint.kind != "azure" or "/openai" in address.path or version is None:
        return openai.AsyncOpenAI(**given)
    others = {name: value for name, value in given.items() if name not in ("base_url", "default_query")}
    return openai.AsyncAzureOpenAI(azure_endpoint=given["base_url"], api_version=version, **others)


def build_model(endpoint: Endpoint, sdk: openai.AsyncOpenAI, name: str, way: Way) -> Model[Any]:
    """The model of this name, by the API that the way says."""
    provider = (
        OpenAIProvider(openai_client=sdk)
        if endpoint.is_openai
        else OpenAICompatibleProvider(endpoint.provider, openai_client=sdk)
    )
    # Names that the library does not know get the features that the API has, not those it guesses.
    profile = OpenAIModelProfile(
        json_schema_transformer=None,
        supports_json_schema_output=True,
        openai_chat_supports_max_completion_tokens=way.limit_field == "max_completion_tokens",
    )
    if way.api == "responses":
        profile["openai_supports_encrypted_reasoning_content"] = True
        profile["openai_supports_reasoning"] = True
    profile |= cast("OpenAIModelProfile", endpoint.profile)
    if way.api == "responses":
        return OpenAIResponsesModel(name, provider=provider, profile=profile)
    return OpenAIChatModel(name, provider=provider, profile=profile)
