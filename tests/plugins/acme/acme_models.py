"""The provider `acme`: a server of our own, with a key in ACME_API_KEY."""

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

from agentmesh_dagster.plugins import (
    ChatReply,
    ChatRequest,
    Endpoint,
    ProviderKind,
    ProviderSpec,
    ProviderUnreachable,
    Settings,
    Usage,
    build_endpoint,
    explain_status,
)

SPEC = ProviderSpec(
    name="acme",
    label="Acme",
    example="acme-large",
    kind="acme",
    base_url="acme_base_url",
    api_key="acme_api_key",
    default_url="https://models.acme.example",
)


@dataclass(frozen=True)
class AcmeProvider:
    endpoint: Endpoint
    name: str = "acme"

    def complete(self, request: ChatRequest) -> ChatReply:
        body = {
            "model": request.model,
            "messages": [{"role": message.role, "text": message.text} for message in request.messages],
        }
        call = urllib.request.Request(
            f"{self.endpoint.base_url}/chat",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.endpoint.api_key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(call, timeout=max(request.deadline - time.monotonic(), 0.1)) as answer:
                said = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise explain_status(self.endpoint, error.code, error.headers, error.read().decode()) from None
        except OSError as error:
            raise ProviderUnreachable(f"{self.endpoint.address}: {error}") from error
        usage = Usage(said["tokens"]["in"], said["tokens"]["out"], cost_usd=None)
        return ChatReply(said["id"], request.model, said["text"], (), "end", usage)


def build(settings: Settings, _: float) -> AcmeProvider:
    return AcmeProvider(build_endpoint(settings, SPEC))


ACME = ProviderKind(SPEC, build)
