"""What a node's `config` may hold, one model for each node type."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from agentmesh_dagster.entities.bounds import (
    WEEK_SECONDS,
    DeadlineSeconds,
    DelaySeconds,
    MaxAttempts,
    MaxItems,
    MaxTokens,
    MaxToolRounds,
    Temperature,
    TimeoutSeconds,
)
from agentmesh_dagster.entities.models import Entity, JsonObject, NodeType

MAX_ITEMS = 1_000


class Retry(Entity):
    max_attempts: MaxAttempts = 1  # the first included
    delay_seconds: DelaySeconds = 0
    backoff: Literal["constant", "linear", "exponential"] = "constant"
    jitter: bool | Literal["full", "plus_minus"] = False  # true is plus_minus

    @model_validator(mode="after")
    def _waits_within_reason(self) -> Self:
        tries = self.max_attempts - 1
        factor = {"constant": 1, "linear": tries, "exponential": 2**tries - 1}[self.backoff]
        if self.delay_seconds * factor > WEEK_SECONDS:
            raise ValueError("the last delay would be longer than a week: lower maxAttempts or delaySeconds")
        return self


class NodeConfig(Entity):
    """What every node may set."""

    retry: Retry = Field(default_factory=Retry)
    timeout_seconds: TimeoutSeconds | None = None  # one attempt
    pool: str | None = Field(default=None, pattern=r"^\S+$", max_length=200)  # Dagster concurrency pool


class StartConfig(NodeConfig):
    """The start node has nothing of its own: the input is checked against the workflow's inputSchema."""


class AgentConfig(NodeConfig):
    prompt: str | None = None  # template; without it the node's input
    system_prompt: str | None = None  # template; overrides the agent's, as do the next three
    model_name: str | None = None  # template
    temperature: Temperature | None = None
    max_tokens: MaxTokens | None = None
    output_schema: JsonObject | None = None  # JSON Schema of the reply
    max_tool_rounds: MaxToolRounds = 8


class ToolNodeConfig(NodeConfig):
    input: Any = None  # template mapping; without it the node's input


class BranchConfig(NodeConfig):
    mode: Literal["first", "all", "each"] = "first"
    condition: str | None = None  # evaluated once; each edge's condition is then the literal to match
    on_no_match: Literal["fail", "end"] = "fail"
    items: Any = None  # `each`: an expression, a template or a list
    max_items: MaxItems = MAX_ITEMS  # `each`
    join: str | None = None  # `each`: id of the node that closes it, where the graph leaves a choice


class Notify(Entity):
    url: str  # template


class GateConfig(NodeConfig):
    instructions: str = ""  # template
    payload: Any = None  # template: what the person sees and may edit
    answer_schema: JsonObject | None = Field(default=None, alias="schema")  # JSON Schema of the answer
    assignees: list[str] = Field(default_factory=list)  # templates
    deadline_seconds: DeadlineSeconds | None = None
    on_deadline: Literal["fail", "approve", "reject"] = "fail"
    on_arm_failure: Literal["wait", "cancel"] = "wait"  # when another step of the run has failed
    notify: Notify | None = None


class EndConfig(NodeConfig):
    output: Any = None  # template; without it the node's input
    outcome: Literal["succeeded", "failed"] = "succeeded"


CONFIG_TYPES: dict[NodeType, type[NodeConfig]] = {
    NodeType.START: StartConfig,
    NodeType.END: EndConfig,
    NodeType.AGENT: AgentConfig,
    NodeType.TOOL: ToolNodeConfig,
    NodeType.BRANCH: BranchConfig,
    NodeType.HUMAN_APPROVAL: GateConfig,
}

# Which fields of a config are templates; `{{ … }}` anywhere else is refused when the graph is read.
TEMPLATE_FIELDS: dict[NodeType, tuple[str, ...]] = {
    NodeType.START: (),
    NodeType.END: ("output",),
    NodeType.AGENT: ("prompt", "systemPrompt", "modelName"),
    NodeType.TOOL: ("input",),
    NodeType.BRANCH: ("items",),
    NodeType.HUMAN_APPROVAL: ("instructions", "payload", "assignees", "notify"),
}
