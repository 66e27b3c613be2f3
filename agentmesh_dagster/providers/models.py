"""A client for each endpoint, and one of the library's models for each name and way; SDKs are imported when asked."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import httpx2
from pydantic_ai.models import Model

from agentmesh_dagster.providers.arriving import CONNECT_TIMEOUT_SECONDS, ReplyClient
from agentmesh_dagster.providers.endpoints import Endpoint
from agentmesh_dagster.providers.ways import Api, LimitField, Way


@dataclass
class EndpointClient:
    """The SDK's client of one endpoint, and the models that are reached through it."""

    endpoint: Endpoint
    sdk: Any
    models: dict[tuple[str, Api, LimitField], Model[Any]] = field(default_factory=dict[Any, Any])

    def get_model(self, name: str, way: Way) -> Model[Any]:
        """The model of this name; built at its first call."""
        key = (name, way.api, way.limit_field)
        if key not in self.models:
            self.models[key] = self._build_model(name, way)
        return self.models[key]

    def _build_model(self, name: str, way: Way) -> Model[Any]:
        if self.endpoint.api == "claude":
            from agentmesh_dagster.providers import claude_models

            return claude_models.build_model(self.endpoint, self.sdk, name)
        from agentmesh_dagster.providers import openai_models

        return openai_models.build_model(self.endpoint, self.sdk, name, way)

    async def close(self) -> None:
        await self.sdk.close()


def build_client(endpoint: Endpoint) -> EndpointClient:
    """A client of its own for this endpoint; the SDKs' retries are off."""
    address = urlsplit(endpoint.base_url)
    query = dict(parse_qsl(address.query))
    # Azure has versions in the address, and its keys under a name of their own.
    key = {"api-key": endpoint.api_key} if "api-version" in query else {}
    given: dict[str, Any] = {
        "api_key": endpoint.api_key,
        "base_url": urlunsplit(address._replace(query="", fragment="")),
        "default_query": query or None,
        "default_headers": {**key, **endpoint.headers} or None,
        "http_client": ReplyClient(endpoint),
        "timeout": httpx2.Timeout(None, connect=CONNECT_TIMEOUT_SECONDS),
        "max_retries": 0,
    }
    if endpoint.api == "claude":
        from agentmesh_dagster.providers import claude_models

        return EndpointClient(endpoint, claude_models.build_sdk(given))
    from agentmesh_dagster.providers import openai_models

    return EndpointClient(endpoint, openai_models.build_sdk(endpoint, given))
