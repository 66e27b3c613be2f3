"""What a node type says of itself. The engine knows these shapes, and no type."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto
from functools import cached_property
from typing import Literal

from agentmesh_dagster.entities.models import Agent, Tool, Workflow
from agentmesh_dagster.specs.field_issue import FieldIssue
from agentmesh_dagster.specs.node_config import NodeConfig, Written, read_ways
from agentmesh_dagster.specs.shapes import Shape

Tone = Literal["accent", "busy", "good", "idle", "wait", "warn"]


class Place(StrEnum):
    """Where in a graph nodes of a type stand."""

    START = "start"  # runs begin here: exactly one, and nothing leads to it
    BETWEEN = "between"
    END = "end"  # what ends here is the run's output: at least one, and nothing follows


class Ports(StrEnum):
    """What follows a node when it has ended."""

    ALL = auto()  # every out-edge is taken
    CHOICE = auto()  # conditions on the out-edges say which are taken
    CHOICE_IF_ASKED = auto()  # so if one of them has a condition, else every out-edge is taken
    ITEMS = auto()  # what stands behind is done once for each item of a list


@dataclass(frozen=True)
class EdgeWords:
    """What editors say of the edges that leave a node."""

    hint: str  # which of them are taken
    plain_hint: str | None = None  # instead, while none of them has a condition
    otherwise: str = "otherwise"  # when an edge without a condition is taken
    example: str | None = None  # a condition
    is_numbered: bool = False  # their order counts


def _know_no_shape() -> Shape | None:
    return None


def _know_no_value(_: str) -> Shape | None:
    return None


@dataclass(frozen=True)
class NodeFacts:
    """What a spec may look at of one node: itself, what it names and what stands before it."""

    title: str
    config: NodeConfig
    agent: Agent | None = None
    tool: Tool | None = None
    workflow: Workflow | None = None
    run_input: Shape | None = None
    edges: Sequence[tuple[str, str | None]] = ()  # that leave it: target and condition
    find_input: Callable[[], Shape | None] = _know_no_shape  # worked out only for those who look at it
    find_result: Callable[[], Shape | None] = _know_no_shape  # what a run of the workflow gives that it names
    find_value: Callable[[str], Shape | None] = _know_no_value  # what a field of the config gives, by wire name

    @property
    def input(self) -> Shape | None:
        """What its parents give, as `context.last_output` has it; None where nothing is known."""
        return self.find_input()


def _say_nothing(_: NodeFacts) -> str:
    return ""


def _know_nothing(_: NodeFacts) -> Shape | None:
    return None


def _find_nothing(_: NodeFacts) -> Iterator[FieldIssue]:
    yield from ()


def _is_itself(_: NodeConfig) -> bool:
    return False


def _take_none(_: NodeConfig) -> bool:
    return False


def _follow_all(_: NodeConfig) -> Ports:
    return Ports.ALL


@dataclass(frozen=True)
class NodeSpec:
    """A node type."""

    config: type[NodeConfig]  # what its nodes may set
    type: str
    label: str  # what people call it
    purpose: str  # what it is for, in a sentence
    icon: str  # a name of the web app's `ui/icons.tsx`, or the `d` of an SVG path in a square of 16: lines, no fill
    stem: str  # how the ids of new nodes begin
    kind: str  # the chip on its op in Dagster, unless it names an agent: then the model's
    place: Place = Place.BETWEEN
    names: Literal["agent", "tool", "workflow"] | None = None  # what of the catalogue a node refers to, by its id
    waits_if: str | None = None  # a property of a config: whether its node waits, where that depends on the node
    waits: bool = False  # it may wait for somebody outside: then it cannot be repeated, and holds nothing meanwhile
    asks: bool = False  # whom it waits for is a person: its out-edges see the answer
    takes_callback: Callable[[NodeConfig], bool] = _take_none  # it waits for what is posted to an address of its own
    # By field of its config: names that `context` has there, beside those that it has everywhere.
    own_context: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    ports: Callable[[NodeConfig], Ports] = _follow_all
    may_choose: bool = False  # its out-edges may carry conditions
    subject: str | None = None  # the field of a config whose value the edges' conditions are then compared with
    mode: str | None = None  # the field of a config, a Literal, on which it depends what follows
    edge_words: Mapping[str | None, EdgeWords] = field(default_factory=dict[str | None, EdgeWords])  # by mode
    summary: str | None = None  # what a node does, in a word or two; its label unless given
    summary_field: str | None = None  # the field of a config that says it better, where it is given
    tone: Tone = "idle"  # the colour of its icon
    output: Callable[[NodeFacts], Shape | None] = _know_nothing  # what its steps give, as far as that is sure
    beside: tuple[str, ...] = ()  # fields of what its steps give that stand beside those of an `outputSchema`
    describe: Callable[[NodeFacts], str] = _say_nothing  # what a node does, in Markdown
    list_issues: Callable[[NodeFacts], Iterator[FieldIssue]] = _find_nothing  # with its own config; edges are not known
    inlines: Callable[[NodeConfig], bool] = _is_itself  # whether the graph of another workflow stands in its place
    secrets: tuple[str, ...] = ()  # variables of the environment whose values no error text shows

    @cached_property
    def written(self) -> Mapping[str, Written]:
        """How the fields of a config are written, by wire name; those that are not here are fixed."""
        return read_ways(self.config)

    @cached_property
    def schema_fields(self) -> Mapping[str, str]:
        """The fields of a config that hold a JSON Schema: wire name → attribute."""
        return {
            info.alias or name: name
            for name, info in self.config.model_fields.items()
            if self.written.get(info.alias or name) is Written.SCHEMA
        }


# Of a type that there is not, or not any more: the package that brought it has gone.
UNKNOWN = NodeSpec(config=NodeConfig, type="", label="", purpose="", icon="", stem="", kind="unknown")
