"""What can go wrong, as small named classes: the docstring is the message."""

import inspect
from enum import StrEnum
from typing import ClassVar


class FaultCode(StrEnum):
    """Why a step failed, in a word that conditions can ask for: `context.error.code == "timeout"`."""

    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    PROVIDER_REFUSED = "provider_refused"
    UNFIT_REPLY = "unfit_reply"  # a model's
    TOOL_ERROR = "tool_error"
    INVALID_INPUT = "invalid_input"  # so also an expression that cannot be evaluated on it
    NO_MATCH = "no_match"  # of a branch
    ROUNDS_USED_UP = "rounds_used_up"
    REJECTED = "rejected"  # by a person
    EXPIRED = "expired"  # nobody answered in time
    BUDGET_EXCEEDED = "budget_exceeded"
    CHILD_FAILED = "child_failed"
    WORKER_LOST = "worker_lost"
    ERROR = "error"  # anything else


class AttemptStopped(BaseException):
    """Raised inside an attempt's thread to end it; nothing that deals with faults holds it up."""


class AgentMeshError(Exception):
    """Something went wrong in AgentMesh."""

    code: ClassVar[FaultCode] = FaultCode.ERROR  # of a step that it fails

    def __init__(self, detail: str = "") -> None:
        """`detail` says what, where and what to do; it stands behind the class's own sentence."""
        self.detail = detail
        sentence = (inspect.getdoc(type(self)) or "").split("\n\n")[0].replace("\n", " ")
        super().__init__(f"{sentence.rstrip('.')}: {detail}" if detail else sentence)


class InvalidValue(AgentMeshError):
    """This is not a JSON value that AgentMesh accepts."""


class NotFound(AgentMeshError):
    """There is no such thing."""


class Conflict(AgentMeshError):
    """Somebody else was faster."""


def read_code(error: BaseException) -> FaultCode:
    """The code of a step that this fails; a package may have written one that there is not."""
    code = getattr(error, "code", None) if isinstance(error, AgentMeshError) else None
    return FaultCode(code) if code in [*FaultCode] else FaultCode.ERROR
