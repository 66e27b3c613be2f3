"""What a trigger type says of itself. The engine knows two ways to be started, and no type."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Batch, CatchUp, Entity, JsonObject
from agentmesh_dagster.specs.field_issue import FieldIssue

T = TypeVar("T", bound=Entity)
MAX_CATCH_UP = 100  # unless given


@dataclass(frozen=True)
class Schedule:
    """It is started at these times."""

    cron: str
    timezone: str  # IANA name
    catch_up: CatchUp = "last"  # of the times that were missed: which start a run afterwards
    max_catch_up: int = MAX_CATCH_UP  # of `all`: the newest so many
    jitter_seconds: float = 0.0  # up to so long after its time a run begins


@dataclass(frozen=True)
class Arrival:
    """It is started by each thing that arrives from here; the store notes them, of this kind, as they come."""

    source: str  # an event's name, the id of the workflow whose runs end, or an asset's key
    status: str | None = None  # how the run must have ended
    debounce_seconds: float | None = None  # of what follows each other within these only the last counts
    batch: Batch | None = None  # so much of it starts one run

    @property
    def gathers(self) -> bool:
        """Whether one run may come of several."""
        return self.debounce_seconds is not None or self.batch is not None


@dataclass(frozen=True)
class NewVersions(Arrival):
    """It is started by each new version of an asset, of which the source is the key; Dagster notes them."""


def _find_nothing(_: Entity) -> Iterator[FieldIssue]:
    yield from ()


def _have_none(_: Entity) -> str | None:
    return None


def _pass_on(_: Entity, event: JsonValue) -> JsonValue:
    return event


@dataclass(frozen=True, kw_only=True)
class TriggerSpec(Generic[T]):
    """A trigger type."""

    model: type[T]  # one of the union `Trigger`
    type: str
    label: str  # what people call it
    purpose: str  # what starts the workflow, in a sentence
    first: JsonObject  # a new trigger, as documents have it
    unset: str  # what people call the input of a run where the trigger says none
    when: Callable[[T], Schedule | Arrival]
    describe: Callable[[T], str]  # when it starts the workflow, as the end of a sentence
    name: Callable[[T], tuple[str, ...]]  # parts of its name in Dagster
    event: Mapping[str, str] = field(default_factory=dict[str, str])  # places in `context.event`, and what is there
    choose_input: Callable[[T, JsonValue], JsonValue] = _pass_on  # the run's input where the trigger says none
    condition: Callable[[T], str | None] = _have_none  # an expression on the event: only when it is true a run starts
    follows: Callable[[T], str | None] = _have_none  # the id of the workflow whose runs it waits for
    list_issues: Callable[[T], Iterator[FieldIssue]] = _find_nothing  # what is wrong with its own fields
