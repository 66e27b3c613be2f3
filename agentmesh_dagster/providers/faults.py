"""What the library and the SDKs raise, in our words."""

from collections.abc import Iterator

from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelConnectionError,
    ModelHTTPError,
    ModelTimeoutError,
    UserError,
)

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.providers.endpoints import Endpoint, explain_status
from agentmesh_dagster.providers.errors import (
    MalformedReply,
    ProviderError,
    ProviderTimeout,
    ProviderUnreachable,
    RequestRefused,
)


def explain_fault(endpoint: Endpoint, error: Exception, connect_seconds: float) -> ProviderError:
    """The fault that an exception of the library stands for."""
    if (own := next((cause for cause in _list_causes(error) if isinstance(cause, ProviderError)), None)) is not None:
        return own  # raised while the bytes came: one of the SDKs takes it for a fault of the network
    if isinstance(error, ModelHTTPError):
        body: JsonValue = error.body  # pyright: ignore[reportAssignmentType]
        return explain_status(endpoint, error.status_code, error.headers or {}, body)
    if isinstance(error, ModelTimeoutError):
        return ProviderTimeout(f"no connection to {endpoint.address} within {connect_seconds:g} s")
    if isinstance(error, ModelConnectionError):
        reason = endpoint.quote(str([*_list_causes(error)][-1]))
        return ProviderUnreachable(f"{endpoint.address}: {reason}; look at the network and at {endpoint.url_variable}")
    if isinstance(error, UserError):
        return RequestRefused(endpoint.quote(str(error)))
    if isinstance(error, ModelAPIError):
        return MalformedReply(endpoint.quote(str(error)))
    return MalformedReply(f"it cannot be read: {type(error).__name__}: {endpoint.quote(str(error))}")


def _list_causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__
