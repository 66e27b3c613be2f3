"""What is said to a model and what comes back, in words that belong to no provider."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.model_options import NO_OPTIONS, ModelOptions
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.specs.provider_spec import ProviderSpec


@dataclass(frozen=True)
class ToolSpec:
    """A tool that is offered to the model."""

    name: str  # safe for every provider: ^[A-Za-z0-9_-]{1,64}$
    description: str
    input_schema: JsonObject  # JSON Schema


@dataclass(frozen=True)
class ToolCall:
    """The model's wish to call a tool; the name is whatever the model wrote."""

    id: str
    name: str
    arguments: JsonValue  # an object; the text as it came when `fault` is set
    fault: str | None  # why the arguments cannot be used


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    tool_calls: tuple[ToolCall, ...] = ()  # assistant only
    tool_call_id: str | None = None  # tool only
    is_error: bool = False  # tool only
    provider_state: JsonValue = None  # assistant only: see ChatReply


def ignore_retry(_fault: str, _delay_seconds: float) -> None:
    """For calls of which nobody wants to know how often they were tried."""


@dataclass(frozen=True, kw_only=True)
class ChatRequest:
    """One call of a model, with all that its answer depends on."""

    model: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    temperature: float | None = None  # None leaves it to the model
    max_tokens: int | None = None  # of the answer; None leaves it to the provider
    output_schema: JsonObject | None = None  # asked for, not enforced: the caller validates the text
    options: ModelOptions = NO_OPTIONS  # before those of the connection
    idempotency_key: str = ""  # sent with every try of this call
    deadline: float  # value of time.monotonic() after which nothing is waited for
    has_own_limit: bool = False  # the deadline is what the node's author set: no other limit of calls stands before it
    tools_are_done: bool = False  # an answer is asked for again, not a call: a server may be held to the schema
    # Told before the call is tried again: why, and after how many seconds.
    report_retry: Callable[[str, float], None] = field(default=ignore_retry, compare=False)


@dataclass(frozen=True)
class Usage:
    """What a call used."""

    input_tokens: int
    output_tokens: int
    cost_usd: float | None  # None: no price is known
    cached_tokens: int = 0  # of the input, read from the provider's cache
    reasoning_tokens: int = 0  # of the output

    def add(self, other: "Usage") -> "Usage":
        """Both together; the cost is unknown when one is."""
        costs = (self.cost_usd, other.cost_usd)
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            None if None in costs else round(sum(cost or 0.0 for cost in costs), 9),
            self.cached_tokens + other.cached_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )


@dataclass(frozen=True)
class ChatReply:
    """A finished, well-formed answer; anything else is a ProviderError."""

    id: str
    model: str
    text: str  # may be empty when there are tool calls
    tool_calls: tuple[ToolCall, ...]
    stop_reason: Literal["end", "tool_calls"]
    usage: Usage  # of all tries
    provider_state: JsonValue = None  # what the provider wants back whole, such as its reasoning
    reasoning: str = ""  # apart from the answer, where the provider shows it
    notes: tuple[str, ...] = ()  # what was changed to make an answer of it, in words

    def to_message(self) -> Message:
        """The assistant turn that stands for this reply in the next request."""
        return Message("assistant", self.text, tool_calls=self.tool_calls, provider_state=self.provider_state)


class Provider(Protocol):
    """Something that answers a ChatRequest."""

    @property
    def name(self) -> str:
        """The provider's name as it stands in an agent: openai, anthropic, local."""
        ...

    def complete(self, request: ChatRequest) -> ChatReply:
        """The model's finished answer; blocks at most until the deadline, raises the ProviderError family."""
        ...


@dataclass(frozen=True)
class ProviderKind:
    """A provider that a package brings, whole: the entry point in `agentmesh.providers` names one."""

    spec: ProviderSpec
    build: Callable[[Settings, float], Provider]  # from the settings, and the longest wait before a second try, in s
