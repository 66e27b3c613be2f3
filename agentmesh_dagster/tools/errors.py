"""What can go wrong in a tool call; `retryable` says whether the same call may succeed later."""

from typing import ClassVar

from agentmesh_dagster.errors import AgentMeshError, FaultCode

MAX_EXCERPT = 500


class ToolError(AgentMeshError):
    """The tool call failed."""

    retryable: ClassVar[bool] = False
    code = FaultCode.TOOL_ERROR


class InvalidTool(ToolError):
    """The tool cannot be called as it is configured."""


class InvalidToolInput(ToolError):
    """The tool does not take this input."""

    code = FaultCode.INVALID_INPUT


class InvalidToolOutput(ToolError):
    """The tool's result cannot be used."""


class UnknownFunction(ToolError):
    """No tool function of this name is registered."""


class UnknownBuiltin(ToolError):
    """There is no builtin tool of this name."""


class ToolFunctionFailed(ToolError):
    """The tool's function raised an error."""

    retryable = True


class ToolTimedOut(ToolError):
    """The tool's function took too long."""

    retryable = True
    code = FaultCode.TIMEOUT


class AddressRefused(ToolError):
    """Tools may not call this address."""


class HttpRedirected(ToolError):
    """The server wants to send the call elsewhere, and redirects are followed inside one server only."""


class HttpRefused(ToolError):
    """The server refused the call."""


class HttpUnauthorized(HttpRefused):
    """The server refused the call."""


class HttpFailed(ToolError):
    """The server could not answer now."""

    retryable = True


class HttpBusy(HttpFailed):
    """The server could not answer now."""

    code = FaultCode.RATE_LIMITED


class HttpUnreachable(ToolError):
    """The server cannot be reached."""

    retryable = True


class HttpTimedOut(ToolError):
    """The server took too long."""

    retryable = True
    code = FaultCode.TIMEOUT


class ResponseTooLong(ToolError):
    """The server sent more than a tool may receive."""


def cut_excerpt(text: str) -> str:
    """The first 500 characters of `text` on one line, without characters that cannot be stored."""
    line = " ".join(text[: 2 * MAX_EXCERPT].split())
    shown = "".join(character if character.isprintable() else "\ufffd" for character in line[:MAX_EXCERPT])
    return shown + "…" if len(line) > MAX_EXCERPT or len(text) > 2 * MAX_EXCERPT else shown
