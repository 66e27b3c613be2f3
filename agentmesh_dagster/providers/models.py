"""The library's models for our endpoints: one client for each endpoint, one model for each name and API."""

from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import anthropic
import httpx2
import openai
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.profiles.anthropic import AnthropicModelProfile
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

from agentmesh_dagster.providers.arriving import ReplyClient
from agentmesh_dagster.providers.endpoints import Endpoint
from agentmesh_dagster.providers.ways import Api, LimitField


@dataclass
class EndpointClient:
    """The SDK's client of one endpoint, and the models that are reached through it."""

    endpoint: Endpoint
    sdk: Any
    models: dict[tuple[str, Api, LimitField], Model[Any]] = field(default_factory=dict[Any, Any])

    def get_model(self, name: str, api: Api, limit_field: LimitField) -> Model[Any]:
        """The model of this name; built at its first call."""
        key = (name, api, limit_field)
        if key not in self.models:
            self.models[key] = self._build_model(name, api, limit_field)
        return self.models[key]

    def _build_model(self, name: str, api: Api, limit_field: LimitField) -> Model[Any]:
        if api == "claude":
            claude = AnthropicModelProfile(
                supports_json_schema_output=True,
                supports_thinking=True,
                anthropic_disallows_sampling_settings=False,  # else they are left out without a word
            )
            claude |= cast("AnthropicModelProfile", self.endpoint.profile)
            return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=self.sdk), profile=claude)
        provider = (
            OpenAIProvider(openai_client=self.sdk)
            if self.endpoint.is_openai
            else OpenAICompatibleProvider(self.endpoint.provider, openai_client=self.sdk)
        )
        # Names that the library does not know get the features that the API has, not those it guesses.
        profile = OpenAIModelProfile(
            json_schema_transformer=None,
            supports_json_schema_output=True,
            openai_chat_supports_max_completion_tokens=limit_field == "max_completion_tokens",
        )
        if api == "responses":
            profile["openai_supports_encrypted_reasoning_content"] = True
            profile["openai_supports_reasoning"] = True
        profile |= cast("OpenAIModelProfile", self.endpoint.profile)
        if api == "chat":
            return OpenAIChatModel(name, provider=provider, profile=profile)
        return OpenAIResponsesModel(name, provider=provider, profile=profile)

    async def close(self) -> None:
        await self.sdk.close()


def build_client(endpoint: Endpoint) -> EndpointClient:
    """A client of its own for this endpoint; the SDKs' retries are off."""
    parts = urlsplit(endpoint.base_url)
    query = dict(parse_qsl(parts.query))
    # Azure has versions in the address, and its keys under a name of their own.
    key = {"api-key": endpoint.api_key} if "api-version" in query else {}
    given: dict[str, Any] = {
        "api_key": endpoint.api_key,
        "base_url": urlunsplit(parts._replace(query="", fragment="")),
        "default_query": query or None,
        "default_headers": {**key, **endpoint.headers} or None,
        "http_client": ReplyClient(endpoint),
        "timeout": httpx2.Timeout(None, connect=10),
        "max_retries": 0,
    }
    if endpoint.api == "claude":
        return EndpointClient(endpoint, anthropic.AsyncAnthropic(**given))
    if endpoint.kind == "azure" and "/openai" not in parts.path and "api-version" in query:
        # Classic Azure has each model under a path of its own, which its SDK writes.
        del given["default_query"]
        azure_endpoint, api_version = given.pop("base_url"), query["api-version"]
        azure = openai.AsyncAzureOpenAI(azure_endpoint=azure_endpoint, api_version=api_version, **given)
        return EndpointClient(endpoint, azure)
    return EndpointClient(endpoint, openai.AsyncOpenAI(**given))
