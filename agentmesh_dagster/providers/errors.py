"""What can go wrong with a model call: one small class for each thing a person would do about it."""

from typing import TYPE_CHECKING

from agentmesh_dagster.errors import AgentMeshError, FaultCode

if TYPE_CHECKING:
    from agentmesh_dagster.providers.chat import Usage


class ProviderError(AgentMeshError):
    """The model call failed."""

    retryable: bool = False
    code = FaultCode.PROVIDER_UNAVAILABLE

    def __init__(
        self,
        detail: str = "",
        *,
        status: int | None = None,
        retry_after: float | None = None,
        may_pass: bool | None = None,
        usage: "Usage | None" = None,
    ) -> None:
        """`status` is the HTTP status, if there was an answer; `retry_after` the seconds it asked to wait.

        `may_pass` is whether the provider says that another try helps; `usage` what was paid for all the same.
        """
        self.status = status
        self.retry_after = retry_after
        self.may_pass = may_pass
        self.usage = usage
        super().__init__(detail)

    @property
    def is_tried_again(self) -> bool:
        """Whether the same call may succeed in a moment: as the provider says, else as this kind of fault is."""
        return self.retryable if self.may_pass is None else self.may_pass

    def with_note(self, note: str) -> "ProviderError":
        """The same fault with something more to say about it."""
        return self.with_detail(f"{self.detail} ({note})", usage=self.usage)

    def with_detail(self, detail: str, *, usage: "Usage | None") -> "ProviderError":
        """The same fault in other words."""
        return type(self)(detail, status=self.status, retry_after=self.retry_after, may_pass=self.may_pass, usage=usage)


class ProviderNotConfigured(ProviderError):
    """The model provider is not set up."""


class ProviderUnreachable(ProviderError):
    """The model provider cannot be reached."""

    retryable = True


class ProviderTimeout(ProviderError):
    """The model did not answer in time."""

    retryable = True
    code = FaultCode.TIMEOUT


class ProviderBusy(ProviderError):
    """The model provider has too much to do."""

    retryable = True
    code = FaultCode.RATE_LIMITED


class ProviderOverloaded(ProviderBusy):
    """The model provider has too much to do."""

    code = FaultCode.PROVIDER_UNAVAILABLE  # it was not this account that asked too often


class ProviderBroken(ProviderError):
    """The model provider has a fault of its own."""

    retryable = True


class MalformedReply(ProviderError):
    """The model provider's reply has the wrong shape."""

    retryable = True
    code = FaultCode.UNFIT_REPLY


class WaitTooLong(ProviderError):
    """The model provider asks to wait longer than is allowed."""

    retryable = True  # by the node's own `retry`, which may wait longer
    code = FaultCode.RATE_LIMITED


class QuotaUsedUp(ProviderError):
    """The account at the model provider has no credit left."""

    code = FaultCode.PROVIDER_REFUSED


class AccessRefused(ProviderError):
    """The model provider does not accept the key."""

    code = FaultCode.PROVIDER_REFUSED


class RequestRefused(ProviderError):
    """The model provider refused the request."""

    code = FaultCode.PROVIDER_REFUSED


class ReplyCutShort(ProviderError):
    """The model stopped before it had finished."""

    code = FaultCode.UNFIT_REPLY


class ReplyWithheld(ProviderError):
    """The model or its provider declined to answer."""

    code = FaultCode.PROVIDER_REFUSED


class CallEnded(ProviderError):
    """The model call was ended because this process closes its connections."""


class ReplyTooLarge(ProviderError):
    """The model provider's reply is too large."""

    code = FaultCode.UNFIT_REPLY


class OfflineModelStuck(ProviderError):
    """The offline model found no value that fits the schema."""

    code = FaultCode.UNFIT_REPLY
