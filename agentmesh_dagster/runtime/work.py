"""Work: what a node's execution is given, and what it gives back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import EventType
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.graph import GraphNode
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.providers.chat import ignore_retry
from agentmesh_dagster.runtime.journal import Journal
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.spending import Spending
from agentmesh_dagster.specs.node_spec import NodeSpec
from agentmesh_dagster.store.children import NewChild
from agentmesh_dagster.store.gates import NewGate
from agentmesh_dagster.store.journal import JournalEntry
from agentmesh_dagster.store.waits import WaitKind
from agentmesh_dagster.tools import Sessions


class Record(Protocol):
    """Writes an event of a step and, in the same transaction, what of it another attempt need not do again."""

    def __call__(
        self, event_type: EventType, payload: Mapping[str, JsonValue], kept: JournalEntry | None = None, /
    ) -> None: ...


class NodeError(AgentMeshError):
    """The step cannot do its work."""

    retryable = False  # the same input would fail again

    def __init__(self, detail: str = "", *, refuted: str | None = None) -> None:
        self.refuted = refuted  # what the journal keeps under this digest is at fault: another attempt does it anew
        super().__init__(detail)


@dataclass(frozen=True)
class Work:
    """One attempt at a node."""

    services: Services
    plan: Plan
    node: GraphNode
    input: JsonValue  # the output of the parent that was taken, or the run's input
    context: Mapping[str, JsonValue]  # what conditions and templates see
    idempotency_key: str  # the same at every attempt of this step
    deadline: float  # time.monotonic()
    record: Record
    spending: Spending  # what its model calls count toward
    journal: Journal = field(default_factory=Journal)  # what earlier attempts have done
    resources: Mapping[str, object] = field(default_factory=dict[str, object])  # of a host project, for functions
    report_retry: Callable[[str, float], None] = ignore_retry  # of a model call: why, and after how many seconds
    faults: Sequence[JsonValue] = ()  # what failed in the sub-workflow, or in the items, that end here
    sessions: Sessions = field(default_factory=Sessions)  # with MCP servers; they end with the attempt

    def render(self, name: str) -> JsonValue:
        """The config field `name` with its templates filled in; None where the author left it out."""
        template = self.node.templates.get(name)
        return template.render(self.context) if template else None


@dataclass(frozen=True)
class WaitRequest:
    """What a step waits for from now on, and when that is over by itself."""

    kind: WaitKind
    due_in_seconds: float | None = None
    due_at: datetime | None = None  # instead
    gate: NewGate | None = None  # of a wait for a person
    event_name: str | None = None  # of a wait for an event
    child: NewChild | None = None  # of a wait for a run


@dataclass(frozen=True)
class Result:
    """What a node's execution gave."""

    output: JsonValue
    taken: Sequence[str] | None = None  # ids of the out-edges taken; None: all
    item_count: int | None = None  # of an `each`
    failure: str | None = None  # an end with `outcome: failed`: the run's error
    wait: WaitRequest | None = None  # what the step waits for; there is no output yet
    notes: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])  # shown as Dagster metadata


@dataclass(frozen=True)
class NodeKind:
    """A node type that a package brings, whole: the entry point in `agentmesh.nodes` names one."""

    spec: NodeSpec
    run: Callable[[Work], Result]  # one attempt; what it raises fails the attempt, see NodeError
