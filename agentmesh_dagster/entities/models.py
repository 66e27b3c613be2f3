"""The entities of AgentMesh, with the words they have on the wire (camelCase)."""

import json
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from agentmesh_dagster.entities.assets import Asset, AssetKey, Severity
from agentmesh_dagster.entities.bounds import (
    MAX_LAYOUT_NODES,
    JitterSeconds,
    MaxBatchItems,
    MaxCatchUp,
    MaxResultTokens,
    MaxRounds,
    MaxRows,
    MaxRuns,
    Position,
    Temperature,
    WindowSeconds,
)
from agentmesh_dagster.entities.budgets import Budget
from agentmesh_dagster.entities.entity import Entity, Id, JsonObject, Name, Timestamp
from agentmesh_dagster.entities.http_settings import BodyFormat, HttpAuth, HttpPaging, Method, ResponsePart
from agentmesh_dagster.entities.model_options import ConnectionName, Fallback, ModelOptions
from agentmesh_dagster.entities.type_names import ModelProvider, NodeType, ToolType
from agentmesh_dagster.errors import FaultCode


def _literals_are_conditions(value: object) -> object:
    # YAML and JSON read `condition: true` as a boolean; authors mean the literal.
    return json.dumps(value) if isinstance(value, bool | int | float) else value


def _success_goes_without_saying(value: object) -> object:
    return None if value == "success" else value


class Kind(StrEnum):
    """The kinds of entity that the catalogue keeps in revisions."""

    PROJECT = "project"
    AGENT = "agent"
    TOOL = "tool"
    WORKFLOW = "workflow"


class RunStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_end(self) -> bool:
        return self in (RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELED)


class StepStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    WAITING_HUMAN = "waiting_human"  # for a person
    WAITING = "waiting"  # for anything else
    SKIPPED = "skipped"
    CANCELED = "canceled"

    @property
    def is_end(self) -> bool:
        return self in (StepStatus.SUCCEEDED, StepStatus.FAILED, StepStatus.SKIPPED, StepStatus.CANCELED)

    @property
    def is_waiting(self) -> bool:
        """Whether the step holds nothing until what it waits for has come."""
        return self in (StepStatus.WAITING_HUMAN, StepStatus.WAITING)


class EventType(StrEnum):
    RUN_STARTED = "run.started"
    RUN_COMPLETED = "run.completed"
    RUN_FAILED = "run.failed"
    RUN_CANCELED = "run.canceled"
    STEP_STARTED = "step.started"
    STEP_COMPLETED = "step.completed"
    STEP_FAILED = "step.failed"
    STEP_CAUGHT = "step.caught"  # it has failed, and the run goes on behind it
    STEP_WAITING_HUMAN = "step.waiting_human"
    STEP_WAITING = "step.waiting"  # for anything else
    STEP_CHILD_STARTED = "step.child_started"  # the run that it waits for
    STEP_SKIPPED = "step.skipped"
    STEP_RETRYING = "step.retrying"
    STEP_EDITED = "step.edited"  # the output was given by whoever forked the run
    GATE_TAKEN_OVER = "gate.taken_over"  # the answer is another run's
    GATE_CANCELED = "gate.canceled"  # its run can only fail, and it says `onArmFailure: cancel`
    GATE_ANSWERED = "gate.answered"
    AGENT_REQUEST = "agent.request"
    AGENT_RESPONSE = "agent.response"
    TOOL_REQUEST = "tool.request"
    TOOL_RESPONSE = "tool.response"
    SECRET_USED = "secret.used"
    RUN_PRUNED = "run.pruned"  # deleted because of its age; what was decided in it stays
    # of no run: who did what
    ENTITY_SAVED = "entity.saved"
    ENTITY_DELETED = "entity.deleted"
    DRAFT_DISCARDED = "draft.discarded"
    EVENT_RECEIVED = "event.received"
    TOOL_TRIED = "tool.tried"
    AGENT_TRIED = "agent.tried"
    LOGIN_SUCCEEDED = "login.succeeded"
    LOGIN_FAILED = "login.failed"
    USER_SAVED = "user.saved"
    USER_DELETED = "user.deleted"
    TOKEN_CREATED = "token.created"
    TOKEN_REVOKED = "token.revoked"
    HOOK_CREATED = "hook.created"
    HOOK_ROTATED = "hook.rotated"
    HOOK_DELETED = "hook.deleted"


class Stored(Entity):
    """What every entity of the catalogue has; times are set by the store and left out of documents."""

    id: Id
    name: Name
    description: str | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None


class Project(Stored):
    """A folder of agents, tools and workflows."""

    daily_budget: Budget | None = None  # of all model calls of its runs, from midnight to midnight UTC


DEFAULT_PROJECT = "default"


class Agent(Stored):
    """A model with a prompt and tools."""

    project_id: Id = DEFAULT_PROJECT
    model_provider: ModelProvider
    model_name: Name
    system_prompt: str = ""
    temperature: Temperature | None = None  # None leaves it to the model
    tools: list[Id] = Field(default_factory=list)  # tool ids
    connection: ConnectionName | None = None  # that the operator has declared; it takes the place of the provider's own
    options: ModelOptions | None = None
    fallbacks: list[Fallback] | None = None  # asked in their order
    metadata: JsonObject = Field(default_factory=dict)


class ToolConfig(Entity):
    # http only, as all up to `paging`; `${NAME}` is a secret, put in at the call, `{{ name }}` a field of the input
    method: Method | None = None  # GET unless given
    url: str | None = None  # `{name}` in its path is a field of the input
    auth: HttpAuth | None = None
    headers: dict[str, str] | None = None
    query: dict[str, str] | None = None  # fixed fields of the query
    body_format: BodyFormat | None = None  # json unless given
    body: JsonObject | str | None = None  # fixed fields of the body; a text is the whole of it
    response: ResponsePart | None = None  # what of the answer is the result; body unless given
    paging: HttpPaging | None = None
    function_name: str | None = None  # function and builtin only
    connection: str | None = None  # sql only: a database that the operator declares; one in memory unless given
    statement: str | None = None  # sql only; the input has it unless given
    read_only: bool | None = None  # sql only; true unless given
    max_rows: MaxRows | None = None  # sql only
    server: str | None = None  # mcp only: a server that the operator declares
    include: list[str] | None = None  # mcp only: names of functions, with * in them; all unless given
    exclude: list[str] | None = None  # mcp only
    settings: JsonObject | None = None  # of a type that a package brings: its spec says which

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if isinstance(self.body, str) and self.body_format != "text":
            raise ValueError("has a text as `body`, which goes with `bodyFormat: text`")
        if self.paging and self.method not in (None, "GET"):
            raise ValueError(f"has `paging`, which is for GET, not for {self.method}")
        if self.paging and self.response not in (None, "body"):
            raise ValueError(f"has `paging`, which gives items, so `response` cannot be {self.response}")
        return self


class ServerFunction(Entity):
    """A function of an MCP server."""

    name: str
    description: str = ""
    input_schema: JsonObject = Field(default_factory=dict)  # JSON Schema
    output_schema: JsonObject = Field(default_factory=dict)  # JSON Schema


def _conditions_come_later(value: object) -> object:
    if isinstance(value, str) and value not in ("never", "always"):
        raise ValueError("must be `never` or `always`; a condition over the arguments of a call cannot be given yet")
    return value


class Tool(Stored):
    """Something an agent or a tool node can call."""

    project_id: Id = DEFAULT_PROJECT
    type: ToolType
    config: ToolConfig = Field(default_factory=ToolConfig)
    input_schema: JsonObject = Field(default_factory=dict)  # JSON Schema
    output_schema: JsonObject = Field(default_factory=dict)  # JSON Schema
    # `always`: it is called behind a gate alone, never by an agent by itself and never tried; None: never
    approval: Annotated[Literal["never", "always"] | None, BeforeValidator(_conditions_come_later)] = None
    max_result_tokens: MaxResultTokens | None = None  # of what an agent's model is told of a result; None: all of it
    secrets: list[str] | None = None  # names of the secrets that it uses, set by the store
    functions: list[ServerFunction] | None = None  # mcp only: as they were when it was saved, set then

    @property
    def needs_approval(self) -> bool:
        """Whether nobody calls it without a person's consent."""
        return self.approval == "always"


class Node(Entity):
    id: Id
    type: NodeType
    label: str = ""  # "" shows the id
    agent_id: Id | None = None
    tool_id: Id | None = None
    workflow_id: Id | None = None
    config: JsonObject = Field(default_factory=dict)

    @property
    def title(self) -> str:
        """What people see: the label, else the id."""
        return self.label or self.id


EdgeOn = Literal["success", "error", "always"]


class Edge(Entity):
    id: Id
    from_node_id: Id
    to_node_id: Id
    condition: Annotated[str | None, BeforeValidator(_literals_are_conditions)] = None
    # How its source must have ended for the edge to be followed; None: with success.
    on: Annotated[EdgeOn | None, BeforeValidator(_success_goes_without_saying)] = None
    max_rounds: MaxRounds | None = None  # of an edge that leads back: how often the nodes between are played


class WorkflowGraph(Entity):
    nodes: list[Node] = Field(default_factory=list[Node])
    edges: list[Edge] = Field(default_factory=list[Edge])

    def list_named(self, kind: Kind) -> list[str]:
        """The ids of the agents, tools or workflows that its nodes name, each once, in the order of the nodes."""
        field = {Kind.AGENT: "agent_id", Kind.TOOL: "tool_id", Kind.WORKFLOW: "workflow_id"}[kind]
        named: list[str | None] = [getattr(node, field) for node in self.nodes]
        return [identity for identity in dict.fromkeys(named) if identity]


CatchUp = Literal["none", "last", "all"]
_STARTS = "What starts the workflow."
Enabled = Annotated[bool, Field(description="false switches it off.")]


class CronTrigger(Entity):
    type: Literal["cron"] = Field(description=_STARTS)
    cron: str = Field(description="When: minute, hour, day of month, month, day of week.")
    timezone: str = Field(default="UTC", description="IANA name such as Europe/Berlin.")
    input: Any = Field(
        default=None, description="The run's input; {} unless given. May hold {{ context.event.scheduledAt }}."
    )
    enabled: Enabled = True
    catch_up: CatchUp | None = Field(
        default=None,
        description="Which of the times that were missed, while Dagster's daemon was down, start a run afterwards: "
        "`none`, the `last` (unless given) or `all`.",
    )
    max_catch_up: MaxCatchUp | None = Field(
        default=None, description="Of `catchUp: all`: the newest so many; 100 unless given."
    )
    jitter_seconds: JitterSeconds | None = Field(
        default=None,
        description="A run begins up to so many seconds after its time, always the same for a workflow and a time, so "
        "that not all that is due at nine begins at nine.",
    )


class Batch(Entity):
    """Several events that start one run."""

    max_items: MaxBatchItems = Field(description="A run starts when so many events have come.")
    max_seconds: WindowSeconds = Field(description="Or so many seconds after the first of them.")


class EventTrigger(Entity):
    type: Literal["event"] = Field(description=_STARTS)
    name: Name = Field(description="The event's name, as it is posted to /api/events/{name}.")
    condition: str | None = Field(
        default=None, description="An expression on context.event, the posted body; only when it is true a run starts."
    )
    input: Any = Field(
        default=None, description="The run's input; the posted body unless given. May hold {{ context.event.… }}."
    )
    enabled: Enabled = True
    debounce_seconds: WindowSeconds | None = Field(
        default=None,
        description="Of events that follow each other within so many seconds only the last starts a run, so many "
        "seconds after it came.",
    )
    batch: Batch | None = Field(
        default=None,
        description="Several events start one run; its context.event is the list of their bodies, oldest first. The "
        "condition looks at each event alone.",
    )


class RunTrigger(Entity):
    type: Literal["run"] = Field(description=_STARTS)
    workflow: Id = Field(description="Id of the workflow whose end starts this one.")
    status: RunStatus = Field(description="How it must have ended: succeeded, failed or canceled.")
    input: Any = Field(
        default=None,
        description="The run's input; unless given, the output of a run that succeeded, else all of context.event. "
        "May hold {{ context.event.… }}: runId, workflowId, workflowName, status, input, output, error.",
    )
    enabled: Enabled = True


class AssetTrigger(Entity):
    type: Literal["asset"] = Field(description=_STARTS)
    key: AssetKey = Field(description="The asset, such as `raw/tickets`, of this code location or of another one.")
    partitions: Literal["each", "any"] = Field(
        default="each",
        description="`each` new version starts a run; or `any`: of those that follow each other within 30 seconds, as "
        "in a backfill, the last one does.",
    )
    condition: str | None = Field(
        default=None, description="An expression on context.event; only when it is true a run starts."
    )
    input: Any = Field(
        default=None,
        description="The run's input; all of context.event unless given. May hold {{ context.event.… }}: key, "
        "partition, runId, timestamp, metadata.",
    )
    enabled: Enabled = True


Trigger = Annotated[CronTrigger | EventTrigger | RunTrigger | AssetTrigger, Field(discriminator="type")]


# By node id: x to the right and y downwards, in pixels at full size. A node that is not in it is placed by the
# editor, and an id that no node has is passed over.
Layout = Annotated[dict[Annotated[str, Field(max_length=255)], Position], Field(max_length=MAX_LAYOUT_NODES)]


class OnLimit(StrEnum):
    """What becomes of a launch while a workflow has as many open runs as it may."""

    QUEUE = "queue"
    SKIP = "skip"
    CANCEL_OLDEST = "cancelOldest"


class Concurrency(Entity):
    """How many runs of a workflow may be open at once."""

    max: MaxRuns = Field(description="The most runs that are open at once; one that waits for a person is open, too.")
    on_limit: OnLimit = Field(
        default=OnLimit.QUEUE,
        description="What becomes of one more: `queue` lets it wait for a place, `skip` starts no run, and "
        "`cancelOldest` cancels the oldest open run in its favour.",
    )


class Workflow(Stored):
    """A directed graph of agents, tools, branches and gates."""

    project_id: Id = DEFAULT_PROJECT
    graph: WorkflowGraph
    input_schema: JsonObject | None = None  # JSON Schema of the run's input
    triggers: list[Trigger] = Field(default_factory=list[Trigger])
    concurrency: Concurrency | None = None  # None: any number of runs at once
    budget: Budget | None = None  # of all model calls of a run; of an inlined one, of each time that it is called
    asset: Asset | None = None  # what it gives, as an asset of Dagster's
    layout: Layout | None = None  # where the editor shows the nodes; says nothing about runs
    revision: int | None = None  # set by the store

    def says_the_same(self, other: "Workflow") -> bool:
        """Whether both mean the same to a run: layout, and what the store adds, are left out."""
        return self._without_looks() == other._without_looks()

    def _without_looks(self) -> "Workflow":
        left_out: dict[str, Any] = {"layout": None, "revision": None, "created_at": None, "updated_at": None}
        return self.model_copy(update=left_out)


class CutValue(Entity):
    """What stands for a value that was left out because it is large."""

    chars: int  # of its JSON text; of an error: of the text itself
    preview: str  # how that text begins


class CheckVerdict(Entity):
    """What a check of an asset has found."""

    name: str
    passed: bool
    severity: Severity
    blocking: bool
    reason: str | None = None  # why it could not be decided; then it has not passed
    approved_by: str | None = None  # who let the run end all the same, or gave another output: of one that asks
    changed: bool | None = None  # of one that was approved: another output was given than the check had seen

    @property
    def blocks(self) -> bool:
        """Whether the run fails for it."""
        return self.blocking and self.severity == "error" and not self.passed and self.approved_by is None


class ForkedFrom(Entity):
    """Where a fork goes on from."""

    run_id: str  # it may have been pruned since
    node_id: str
    path: str = ""  # of the step; one with fewer frames than the node's steps have means all of these


class Run(Entity):
    """What the user started: one group of Dagster runs."""

    id: str
    workflow_id: str
    project_id: str
    status: RunStatus
    input: Any = None
    output: Any = None
    started_at: Timestamp | None = None
    finished_at: Timestamp | None = None
    error: str | None = None
    revision: int
    launches: list[str] = Field(default_factory=list)  # Dagster run ids, oldest first
    waiting_on: list[str] = Field(default_factory=list)  # step ids
    # Since when it waits for a place among the open runs of its workflow; later than now: it begins then.
    queued_at: Timestamp | None = None
    parent_run_id: str | None = None  # of whose step this run is the work
    parent_step_id: str | None = None
    asset: str | None = None  # the key of the asset that it makes, if it was launched for that
    partition: str | None = None  # the key of that asset's partition
    backfill_id: str | None = None  # Dagster's, if one asked for it
    checks: list[CheckVerdict] = Field(default_factory=list[CheckVerdict])  # of the asset, decided as the run ended
    has_failed: bool = False  # a step has failed: what of the run still goes on, or waits, cannot mend it
    has_caught: bool = False  # a step has failed, and the run went on: by an edge, or with the output of `onError`
    forked_from: ForkedFrom | None = None  # what stands before that was taken over from another run
    forks: list[str] = Field(default_factory=list)  # ids of the runs that were forked from it, oldest first
    cut: dict[str, CutValue] | None = None  # `maxValueChars`: the fields that were left out, by name


class Awaited(Entity):
    """What a step waits for."""

    kind: str  # person, timer, event, callback, child
    event: str | None = None  # its name
    until: Timestamp | None = None  # when that is over by itself

    def describe(self) -> str:
        """As a sentence has it behind "waits"."""
        until = "" if self.until is None else f"until {self.until:%Y-%m-%d %H:%M:%S} UTC"
        what = _AWAITED.get(self.kind, "")
        name = "" if self.event is None else f"`{self.event}`"
        return " ".join(part for part in (what, name, until) if part) or "for something"


_AWAITED = {  # by kind; a timer needs no more than its time
    "person": "for a person",
    "event": "for the event",
    "callback": "for a callback",
    "child": "for a run of another workflow",
}


class Step(Entity):
    """One execution of a node in a run."""

    id: str
    run_id: str
    workflow_id: str
    node_id: str
    node_type: NodeType
    status: StepStatus
    input: Any = None
    output: Any = None
    error: str | None = None
    code: FaultCode | None = None  # of a step that failed: why, in a word
    caught: bool = False  # it failed, and the run went on behind it
    used_fallback: bool = False  # it would have failed; its output is that of `onError`
    started_at: Timestamp | None = None
    finished_at: Timestamp | None = None
    parent_step_ids: list[str] = Field(default_factory=list)
    attempt: int = 0  # 1 for the first
    path: str = ""  # where the node stands: `/`-separated sub-workflow nodes, `[item]`, `#round`
    item_index: int | None = None  # inside `each`, from 0
    round: int | None = None  # of the innermost loop around it, from 1
    waiting_for: Awaited | None = None  # while it waits
    child_run_id: str | None = None  # the run that is its work, once that was started
    taken_over_from: str | None = None  # the run that did this work; here nothing was executed, and nobody asked
    edited_by: str | None = None  # who gave the output when the run was forked, instead of that run
    cut: dict[str, CutValue] | None = None  # as a run's


class EventLog(Entity):
    """One event; ids rise."""

    id: int
    timestamp: Timestamp
    project_id: str | None = None  # None: of no project, such as a login
    run_id: str | None = None
    step_id: str | None = None
    type: EventType
    payload: JsonObject = Field(default_factory=dict)
    cut: dict[str, CutValue] | None = None  # `maxValueChars`: the fields of `payload` that were left out, by name


CatalogueEntity = Project | Agent | Tool | Workflow

ENTITY_TYPES: dict[Kind, type[CatalogueEntity]] = {
    Kind.PROJECT: Project,
    Kind.AGENT: Agent,
    Kind.TOOL: Tool,
    Kind.WORKFLOW: Workflow,
}
