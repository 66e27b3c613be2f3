"""Progress: from the states of a run's steps to what may run, what is skipped and whether the run is over.

Pure: the states come from the store. Dagster decides *when* an op is looked at, this decides *whether* it runs.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from agentmesh_dagster.entities.models import StepStatus
from agentmesh_dagster.graph.graph import GraphEdge
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.regions import Region


@dataclass(frozen=True)
class StepKey:
    """Which step of a run: a node, and inside an `each` the item."""

    node_id: str
    item: int | None = None


@dataclass(frozen=True)
class StepState:
    status: StepStatus
    taken: frozenset[str] | None = None  # ids of the out-edges taken; None: all
    item_count: int | None = None  # of an `each`


class EdgeState(Enum):
    OPEN = auto()  # its source has not ended well yet
    TAKEN = auto()
    NOT_TAKEN = auto()


class Readiness(Enum):
    WAITS = auto()  # an in-edge is open
    RUNS = auto()  # all in-edges are settled, one at least was taken
    SKIPPED = auto()  # all in-edges are settled, none was taken


class RunState(Enum):
    ACTIVE = auto()  # a step runs, or may run
    WAITS_FOR_PERSON = auto()  # nothing runs, a gate is open
    SUCCEEDED = auto()
    FAILED = auto()


StateLookup = Callable[[StepKey], StepState | None]


class Progress:
    """What the states of a run's steps mean."""

    def __init__(self, plan: Plan, states: Mapping[StepKey, StepState]) -> None:
        self._plan = plan
        self._states = dict(states)

    def read_state(self, key: StepKey) -> StepState | None:
        return self._states.get(key)

    def skip(self, key: StepKey) -> None:
        """Counts the step as skipped from now on."""
        self._states[key] = StepState(StepStatus.SKIPPED)

    def read_edge(self, edge: GraphEdge, item: int | None) -> EdgeState:
        """The state of an edge; `item` is that of the target, None outside an `each`."""
        region = self._region_left_by(edge)
        if region is None or item is not None:
            return self._read_plain_edge(edge, self._key(edge.source, item))
        each = self._states.get(StepKey(region.each))
        if each is None or each.status is not StepStatus.SUCCEEDED:
            return self._read_plain_edge(edge, StepKey(region.each))
        if edge.source == region.each or not each.item_count:
            return EdgeState.TAKEN
        state = self._read_repeated_edge(edge, each.item_count)
        if state is not EdgeState.NOT_TAKEN:
            return state
        # No item took it. If none took any other way to the join either, the join runs with a null for each.
        others = (other for other in self._plan.graph.in_edges[region.join] if self._region_left_by(other) is region)
        nobody = all(self._read_repeated_edge(other, each.item_count) is EdgeState.NOT_TAKEN for other in others)
        return EdgeState.TAKEN if nobody else EdgeState.NOT_TAKEN

    def _read_repeated_edge(self, edge: GraphEdge, count: int) -> EdgeState:
        """The state, over all items, of an edge that leaves the region of an `each`."""
        if edge.source in self._plan.regions:
            return EdgeState.TAKEN  # by every item, from the `each` itself
        found = {self._read_plain_edge(edge, StepKey(edge.source, index)) for index in range(count)}
        if EdgeState.OPEN in found:
            return EdgeState.OPEN
        return EdgeState.TAKEN if EdgeState.TAKEN in found else EdgeState.NOT_TAKEN

    def _read_plain_edge(self, edge: GraphEdge, source: StepKey) -> EdgeState:
        state = self._states.get(source)
        if state is None:
            return EdgeState.OPEN
        if state.status is StepStatus.SKIPPED:
            return EdgeState.NOT_TAKEN
        if state.status is not StepStatus.SUCCEEDED:
            return EdgeState.OPEN
        return EdgeState.TAKEN if state.taken is None or edge.id in state.taken else EdgeState.NOT_TAKEN

    def _region_left_by(self, edge: GraphEdge) -> Region | None:
        each = self._plan.each_of.get(edge.source, edge.source)
        region = self._plan.regions.get(each)
        return region if region and edge.target == region.join else None

    def _key(self, node_id: str, item: int | None) -> StepKey:
        return StepKey(node_id, item if node_id in self._plan.each_of else None)

    def read_readiness(self, key: StepKey) -> Readiness:
        """Whether the step may run; start always may."""
        edges = self._plan.graph.in_edges[key.node_id]
        states = [self.read_edge(edge, key.item) for edge in edges]
        if EdgeState.OPEN in states:
            return Readiness.WAITS
        return Readiness.RUNS if not edges or EdgeState.TAKEN in states else Readiness.SKIPPED

    def list_followers(self, key: StepKey) -> list[StepKey]:
        """The steps directly behind this one; for an `each`, the first of every item and the closing join."""
        followers: dict[StepKey, None] = {}
        for edge in self._plan.graph.out_edges[key.node_id]:
            for item in self._items_of_target(edge, key):
                followers[StepKey(edge.target, item)] = None
        if region := self._plan.regions.get(key.node_id):
            followers[StepKey(region.join)] = None  # reached at once when there are no items
        return list(followers)

    def _items_of_target(self, edge: GraphEdge, source: StepKey) -> Iterator[int | None]:
        if edge.target not in self._plan.each_of:
            yield None
        elif source.item is not None:
            yield source.item
        elif (state := self._states.get(source)) and state.status is StepStatus.SKIPPED:
            yield None  # nobody knows the items of a skipped `each`: what it repeats is skipped once
        else:
            yield from range((state.item_count or 0) if state else 0)

    def skip_behind(self, key: StepKey) -> list[StepKey]:
        """Counts as skipped, and returns, all steps that the end of `key` leaves without a taken in-edge."""
        skipped: list[StepKey] = []
        ended = [key]
        for current in ended:  # grows while it is walked
            for follower in self.list_followers(current):
                if follower not in self._states and self.read_readiness(follower) is Readiness.SKIPPED:
                    self.skip(follower)
                    skipped.append(follower)
                    ended.append(follower)
        return skipped

    def unlocks(self, ended: list[StepKey]) -> bool:
        """Whether a step directly behind one of these may run now."""
        return any(
            follower not in self._states and self.read_readiness(follower) is Readiness.RUNS
            for key in ended
            for follower in self.list_followers(key)
        )

    def list_ready(self) -> Iterator[StepKey]:
        """The steps that nobody has begun and that may run now."""
        return (
            key for key in self._list_keys() if key not in self._states and self.read_readiness(key) is Readiness.RUNS
        )

    def read_run_state(self) -> RunState:
        """Where the run stands, from all of its steps."""
        statuses = {state.status for state in self._states.values()}
        if statuses & {StepStatus.RUNNING, StepStatus.PENDING} or any(True for _ in self.list_ready()):
            return RunState.ACTIVE
        if StepStatus.WAITING_HUMAN in statuses:
            return RunState.WAITS_FOR_PERSON
        return RunState.FAILED if StepStatus.FAILED in statuses else RunState.SUCCEEDED

    def _list_keys(self) -> Iterator[StepKey]:
        for node_id in self._plan.graph.order:
            each = self._plan.each_of.get(node_id)
            state = self._states.get(StepKey(each)) if each else None
            if each is None:
                yield StepKey(node_id)
            elif state and state.item_count:
                yield from (StepKey(node_id, index) for index in range(state.item_count))
