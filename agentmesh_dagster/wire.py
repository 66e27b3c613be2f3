"""What goes over the wire and is no entity: bodies, answers, pages."""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from agentmesh_dagster.entities import gates
from agentmesh_dagster.entities.models import (
    Agent,
    Entity,
    Id,
    JsonObject,
    Kind,
    Project,
    Timestamp,
    Tool,
    Workflow,
)
from agentmesh_dagster.entities.type_names import ModelProvider, NodeType, ToolType
from agentmesh_dagster.graph.issue import Severity
from agentmesh_dagster.specs.node_spec import Ports, Tone

Item = TypeVar("Item")


class PageOf(Entity, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next_cursor: str | None = None  # for the parameter `cursor`; none: this was the last page
    faults: list[str] | None = None  # one sentence for each item of this page that cannot be read

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{params[0].__name__}Page"


class Issue(Entity):
    """One fault of what was sent, in the author's words."""

    code: str  # kebab-case, stable
    severity: Severity
    node_id: str | None = None
    edge_id: str | None = None
    path: str | None = None  # `$.graph.nodes[2].config.prompt`
    message: str


class Issues(Entity):
    issues: list[Issue]


class NodeSchemas(Entity):
    """JSON Schemas of the values at one node; an empty one where nothing is known."""

    input_schema: JsonObject  # of what arrives: `context.last_output`
    output_schema: JsonObject
    context: JsonObject | None = None  # of all that its config may name, if it was asked for
    edge_context: JsonObject | None = None  # of all that conditions on its out-edges may name, where that is more
    fault_context: JsonObject | None = None  # of all that those may name that are followed when it has failed


class WorkflowSchemas(Entity):
    """What is known of the values in a workflow before it runs."""

    output_schema: JsonObject  # of a run that ends well
    nodes: dict[str, NodeSchemas]  # by id
    check_context: JsonObject | None = None  # of all that checks of its asset may name, if it says that it makes one


class Problem(Entity):
    """What went wrong (RFC 9457)."""

    type: str  # one stable name for each kind of fault: `urn:agentmesh:problem:stale-revision`
    title: str
    status: int
    detail: str
    issues: list[Issue] | None = None  # of a document or a body: all of them
    revision: int | None = None  # of somebody else's save: the newest
    saved_by: str | None = None
    saved_at: Timestamp | None = None
    version: int | None = None  # of somebody else's draft: the newest
    users: list[str] | None = None  # of a thing in use: what uses it, such as "workflow `triage`"
    state: str | None = None  # of a gate that is closed: how; of a run that cannot be retried: its status
    answered_by: str | None = None
    answered_at: Timestamp | None = None


class Region(Entity):
    """What a branch repeats for each item of its list."""

    each: str  # node id of the branch
    join: str  # node id of what gets the list of results
    body: list[str]  # node ids of what runs once per item, in the order of the graph


class Loop(Entity):
    """What is played round by round."""

    head: str  # node id: every way into the loop passes it
    body: list[str]  # node ids, the head's too, in the order of the graph
    back: list[str]  # ids of the edges that begin the next round
    max_rounds: int  # the first round included


class Repeats(Entity):
    """What of a workflow's own graph is repeated."""

    workflow_id: str
    regions: list[Region]
    loops: list[Loop]  # a loop stands behind those around it


class Validation(Issues):
    """What is wrong with a workflow or a document, and what its graphs repeat."""

    repeats: list[Repeats]  # of each workflow that could be read


class Revision(Entity):
    """One line in the history of an entity."""

    revision: int
    name: str
    saved_at: Timestamp
    saved_by: str
    message: str | None = None  # what the author said of it
    deleted: bool


class WorkflowJob(Entity):
    """The Dagster job that stands for a workflow."""

    name: str  # a code location may put a prefix before it
    problem: str | None = None  # why a code location goes without it, or without one of its triggers


class TriggerOutcome(Entity):
    """What came of a time, an event, the end of a run or a version of an asset, for one trigger."""

    id: str
    state: Literal["waiting", "requested", "launched", "declined", "failed", "missed", "skipped", "joined"]
    arrived_at: Timestamp  # when it was noted
    scheduled_at: Timestamp | None = None  # of a schedule: the time
    event_id: str | None = None  # of an event
    ended_run_id: str | None = None  # of the end of a run
    asset_key: str | None = None  # of a version of an asset
    partition: str | None = None  # of that asset
    run_id: str | None = None  # which came of it
    reason: str | None = None  # why none did


class TriggerHistory(Entity):
    """A trigger of a workflow, and what came of it lately."""

    key: str  # says what it waits for
    type: str
    description: str  # when it starts the workflow
    name: str  # of its schedule or sensor in Dagster, behind the job's name and `__`
    enabled: bool  # in the document; who switches in Dagster is obeyed from then on
    outcomes: list[TriggerOutcome]  # newest first


class ListedWorkflow(Workflow):
    has_draft: bool  # beside what is published
    job: WorkflowJob | None = None  # none: it was deleted in this moment


class ListedDraft(Entity):
    """What is being written beside the published revision of a workflow, an agent or a tool."""

    kind: Kind
    id: str  # of the entity
    project_id: str
    name: str
    version: int  # of the draft, another one after each save
    base_revision: int | None = None  # of the entity, when the author began; none: it is new
    published_revision: int | None = None  # of the entity now; not the base: somebody published meanwhile
    saved_at: Timestamp
    saved_by: str


class Draft(Entity):
    """A draft as it was saved; it may hold issues."""

    entity: JsonObject  # as it was sent
    version: int
    base_revision: int | None = None
    published_revision: int | None = None
    saved_at: Timestamp
    saved_by: str
    issues: list[Issue]


class NewDraft(Entity):
    """What is saved as a draft."""

    entity: JsonObject  # it may hold issues
    base_revision: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)] | None = None
    version: Annotated[int, Field(strict=True, ge=0, le=2**53)] | None = None  # the draft seen; 0: none


class Publication(Entity):
    """How a draft is published."""

    message: Annotated[str, Field(max_length=1_000)] | None = None  # what changes, and why; kept with the revision
    version: Annotated[int, Field(strict=True, ge=0, le=2**53)] | None = None  # the draft seen


class Use(Entity):
    """Something that names an agent or a tool."""

    kind: Kind
    id: str
    name: str


class ModelUse(Entity):
    """What models were asked for: of one day, project, workflow or model where it is named, else of all."""

    day: str | None = None  # UTC
    project_id: str | None = None
    workflow_id: str | None = None
    provider: str | None = None
    model: str | None = None  # the one that answered
    calls: int
    failures: int  # answers that were no use
    input_tokens: int
    output_tokens: int
    usd: float  # of calls whose price is known


class ProjectOverview(Entity):
    """A project in figures."""

    project_id: str
    name: str
    workflows: int
    runs_last_day: int
    waiting: int  # runs that wait for a person


class Document(Entity):
    """Projects, agents, tools and workflows in one; `/document-schema` says more."""

    project: list[Project] | Project = Field(default_factory=list[Project])
    agents: list[Agent] = Field(default_factory=list[Agent])
    tools: list[Tool] = Field(default_factory=list[Tool])
    workflows: list[Workflow] = Field(default_factory=list[Workflow])


class AppliedEntity(Entity):
    """What became of one entity of a document."""

    change: Literal["created", "updated", "unchanged", "restored"]
    kind: Kind
    id: str
    name: str
    revision: int


class Applied(Entity):
    items: list[AppliedEntity]
    issues: list[Issue]  # warnings: what was saved all the same


class AgentTrial(Entity):
    """What an agent is tried with."""

    prompt: str | None = None  # a template; without it the input is the prompt
    input: Any = None
    context: JsonObject | None = None  # what templates see besides `context.input`


class AgentReply(BaseModel):
    """What the agent answered; the fields of a reply that is a JSON object stand beside these."""

    model_config = ConfigDict(extra="allow")

    text: str
    raw: JsonObject


class ToolTrial(Entity):
    """What a tool is tried with."""

    input: Any = None


class ToolReply(Entity):
    output: Any


class Function(Entity):
    """Something that a tool's `config.functionName` can name."""

    name: str
    type: ToolType
    description: str | None = None
    input_schema: JsonObject = Field(default_factory=dict)  # JSON Schema; {} takes anything
    output_schema: JsonObject = Field(default_factory=dict)
    problem: str | None = None  # why it cannot be called
    reported_at: Timestamp | None = None  # when its code location said this; None: this process knows it
    is_stale: bool = False  # its code location has not said it again since: it may be another by now


class Completion(Entity):
    """Something that an expression may name."""

    text: str  # as it is written: context.run.id
    detail: str  # what it is, in a few words


class EdgesInfo(Entity):
    """What follows a node of a type, and what editors say of the edges that leave it."""

    mode: str | None = None  # so it is where the field `mode` of the node's type has this value; none: always
    ports: Ports
    hint: str | None = None  # which edges are taken
    plain_hint: str | None = None  # instead, while none of them has a condition
    otherwise: str  # when an edge without a condition is taken
    example: str | None = None  # a condition
    is_numbered: bool  # their order counts


class NodeTypeInfo(Entity):
    """A node type, as editors need it."""

    type: NodeType
    label: str
    purpose: str
    icon: str
    tone: Tone  # the colour of its icon
    summary: str | None = None  # what a node does, in a word or two; its label unless given
    summary_field: str | None = None  # the field of `config` that says it better, where it is given
    stem: str  # how the ids of new nodes begin
    place: Literal["start", "between", "end"]
    names: Literal["agent", "tool", "workflow"] | None = None  # what a node refers to, by agentId, toolId, workflowId
    may_choose: bool  # its out-edges may carry conditions
    waits: bool  # it may wait: for a person, a time, or what comes from outside
    asks: bool  # it asks a person: its steps have a gate
    subject: str | None = None  # the field of `config` whose value the edges' conditions are then compared with
    mode: str | None = None  # the field of `config` on which it depends what follows
    edges: list[EdgesInfo]  # one for each mode; the first is the usual one
    config: JsonObject  # JSON Schema of `config`, as a form is made from it; `x-form` says how a field is shown
    written: dict[str, Literal["template", "expression", "expression_or_template", "schema"]]  # of fields of `config`


class ToolTypeInfo(Entity):
    """A tool type; fields are those of a tool's `config`."""

    type: ToolType
    label: str
    purpose: str
    summary: list[str]  # those that say in short what is called
    config: JsonObject  # JSON Schema of what `config` may hold, as of a node type


class ProviderInfo(Entity):
    """A provider of models."""

    name: ModelProvider
    label: str
    example: str  # a model's name
    first_model: str | None = None  # of new agents: one that answers before anything is set


class TriggerTypeInfo(Entity):
    """A trigger type."""

    type: str
    label: str
    purpose: str
    trigger: JsonObject  # JSON Schema of a trigger of this type, with descriptions and defaults
    first: JsonObject  # a new trigger
    event: list[Completion]  # what its condition and input may name
    unset: str  # what a run gets where the trigger has no `input`


class Types(Entity):
    """What there is to build workflows from, each in the order in which people choose."""

    nodes: list[NodeTypeInfo]
    tools: list[ToolTypeInfo]
    providers: list[ProviderInfo]
    agent: JsonObject  # JSON Schema of an agent
    asset: JsonObject  # JSON Schema of what a workflow says of its asset
    triggers: list[TriggerTypeInfo]


class ListedAsset(Entity):
    """An asset that a code location defines."""

    key: str  # its parts with `/` between them
    location: str  # the name of the code location
    group: str | None = None
    workflow_id: str | None = None  # of the workflow that gives it, or whose node does


class NewRun(Entity):
    """What a run is started with; an asset's has an input that follows from the run where none is given."""

    input: Any = Field(default_factory=dict[str, Any])
    materialize: bool = False  # it makes a version of the workflow's asset
    partition: str | None = None  # of that asset, where it has some
    ask_again: bool = False  # also while a person is asked for the same; else that run is the answer


class StartedRun(Entity):
    run_id: str


class NewFork(Entity):
    """From where on a run is executed anew, in a new one, and what is given instead of what it did before that."""

    from_node_id: Id
    path: str = ""  # of the step, as steps have it; without an item: all items
    outputs: dict[str, Any] = Field(default_factory=dict[str, Any])  # by node id: of steps before it, instead of theirs
    input: Any = None  # unless given that of the run; with another one nothing is taken over
    revision: Literal["same", "newest"] = "same"  # the run's own, or the newest of the catalogue


class RetriedRun(Entity):
    run_id: str
    launch_id: str  # of the Dagster run that continues it


class PinnedWorkflow(Entity):
    """What a run executes, whatever became of it since."""

    workflow: Workflow
    workflows: list[Workflow]  # that it runs, directly or through others
    agents: list[Agent]  # of all of them
    tools: list[Tool]
    regions: list[Region]  # of the graph
    loops: list[Loop]  # of the graph
    called: list[Repeats]  # of each workflow in `workflows`
    dagster_job: str
    dagster_run_url: str  # path of the newest launch in Dagster's UI


class Gate(gates.Gate):
    """A question to a person."""

    workflow: str  # its name
    label: str  # of the node
    history: list[gates.Asking] = Field(default_factory=list[gates.Asking])  # how it was asked before, oldest first
    rounds: list[gates.AskedRound] = Field(default_factory=list[gates.AskedRound])  # before this one, oldest first
    run_has_failed: bool = False  # a step of its run has failed, so the run can only fail
    asset: str | None = None  # the key of the asset that its run makes
    partition: str | None = None  # the key of that asset's partition
    backfill_id: str | None = None  # Dagster's, if one asked for the run


class HumanAnswer(Entity):
    """What a person answers."""

    output: Any


class ReceivedEvent(Entity):
    event_id: str
    is_new: bool  # False: the same event had come before, and starts nothing again


class ReceivedCallback(Entity):
    is_received: bool


class Declared(Entity):
    """The names that the operator's file declares; what they stand for is the operator's alone."""

    connections: list[str]  # to models
    databases: list[str]
    mcp_servers: list[str]


class About(Entity):
    version: str
    dagster_version: str
    dagster_url: str  # path of Dagster's UI on this server
    # Address of a run's trace, where one was set: `{traceId}` stands for the run's id without its dashes.
    trace_url: str | None = None
