"""Progress: from the states of a run's steps to what may run, what is skipped and whether the run is over.

Pure: the states come from the store. Dagster decides *when* an op is looked at, this decides *whether* it runs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from agentmesh_dagster.entities.models import StepStatus
from agentmesh_dagster.graph.address import Address, Items
from agentmesh_dagster.graph.graph import GraphEdge
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.scopes import Rounds, list_items


@dataclass(frozen=True)
class StepState:
    status: StepStatus
    # Ids of the out-edges taken; None: all that are for a success, or of a step that failed: it was not caught.
    taken: frozenset[str] | None = None
    item_count: int | None = None  # of an `each`
    used_fallback: bool = False  # it would have failed; its output is that of `onError`

    @property
    def is_own_success(self) -> bool:
        """Whether the step has succeeded by what it did, and not by what was written for the case that it fails."""
        return self.status is StepStatus.SUCCEEDED and not self.used_fallback

    @property
    def is_caught(self) -> bool:
        """Whether the step has failed, and the run goes on behind it."""
        return self.status is StepStatus.FAILED and self.taken is not None

    @property
    def has_failed(self) -> bool:
        """Whether the step has failed for good."""
        return self.status is StepStatus.FAILED and self.taken is None

    @property
    def goes_on(self) -> bool:
        """Whether the step has ended so that what stands behind it follows from its out-edges."""
        return self.status is StepStatus.SUCCEEDED or self.is_caught

    @property
    def has_ended_well(self) -> bool:
        """Whether nothing of it is to be done again."""
        return self.goes_on or self.status is StepStatus.SKIPPED

    def took(self, edge: GraphEdge) -> bool:
        """Whether it took one of its out-edges, once it goes on."""
        return edge.on != "error" if self.taken is None else edge.id in self.taken


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
    WAITING = auto()  # nothing runs, and a step waits
    SUCCEEDED = auto()
    FAILED = auto()


class Progress:
    """What the states of a run's steps mean."""

    def __init__(self, plan: Plan, states: Mapping[Address, StepState]) -> None:
        self._plan = plan
        self._scopes = plan.scopes
        self._states = dict(states)
        self._rounds: dict[tuple[Rounds, Items], int] = {}  # how many were begun, at least

    def read_state(self, address: Address) -> StepState | None:
        return self._states.get(address)

    def skip(self, address: Address) -> None:
        """Counts the step as skipped from now on."""
        self._states[address] = StepState(StepStatus.SKIPPED)

    def read_edge(self, edge: GraphEdge, target: Address) -> EdgeState:
        """The state of an edge for a step at its end."""
        region = self._scopes.left_by(edge)
        if region is None:
            return self._read_plain_edge(edge, self._scopes.step_back(edge, target))
        head = self._scopes.locate(region.each, target.items)
        each = self._states.get(head)
        if each is None or each.status is not StepStatus.SUCCEEDED:
            return self._read_plain_edge(edge, head)
        if edge.source == region.each or not each.item_count:
            return EdgeState.TAKEN
        state = self._read_repeated_edge(edge, target.items, each.item_count)
        if state is not EdgeState.NOT_TAKEN:
            return state
        # No item took it. If none took any other way to the join either, the join runs with a null for each.
        others = (other for other in self._plan.graph.in_edges[region.join] if self._scopes.left_by(other) is region)
        found = (self._read_repeated_edge(other, target.items, each.item_count) for other in others)
        return EdgeState.TAKEN if all(state is EdgeState.NOT_TAKEN for state in found) else EdgeState.NOT_TAKEN

    def _read_repeated_edge(self, edge: GraphEdge, items: Items, count: int) -> EdgeState:
        """The state, over all items, of an edge that leaves the region of an `each`."""
        if edge.source in self._scopes.by_head:
            return EdgeState.TAKEN  # by every item, from the `each` itself
        sources = (self._scopes.locate(edge.source, inside) for inside in list_items(items, count))
        found = {self._read_plain_edge(edge, source) for source in sources}
        if EdgeState.OPEN in found:
            return EdgeState.OPEN
        return EdgeState.TAKEN if EdgeState.TAKEN in found else EdgeState.NOT_TAKEN

    def _read_plain_edge(self, edge: GraphEdge, source: Address) -> EdgeState:
        state = self._states.get(source)
        if state is None:
            return EdgeState.NOT_TAKEN if self._is_never_played(edge.source, source.items) else EdgeState.OPEN
        if state.status is StepStatus.SKIPPED:
            return EdgeState.NOT_TAKEN
        if not state.goes_on:
            return EdgeState.OPEN
        # A sub-workflow whose start has failed was called all the same: what it comes to is its node's.
        return EdgeState.TAKEN if edge.is_silent or state.took(edge) else EdgeState.NOT_TAKEN

    def _is_never_played(self, node_id: str, items: Items) -> bool:
        """Whether the node stands in a round that nobody will begin: its steps are not written down as skipped."""
        for rounds, number in self._scopes.rounds_around(node_id):
            if number > max(self.count_rounds(rounds, items), 1):
                return self.is_over(rounds, items)
        return False

    def is_passed_by(self, address: Address) -> bool:
        """Whether the step is skipped, or will be, or stands in a round that nobody will begin."""
        state = self._states.get(address)
        if state is not None:
            return state.status is StepStatus.SKIPPED
        node_id = self._scopes.node_of(address)
        return self._is_never_played(node_id, address.items) or self.read_readiness(address) is Readiness.SKIPPED

    def count_rounds(self, rounds: Rounds, items: Items) -> int:
        """How many rounds of a loop were begun; 0 before the first, which may have been skipped too."""
        known = (rounds, items)
        count = self._rounds.get(known, 0)
        while count < len(rounds.heads) and self._scopes.locate(rounds.heads[count], items) in self._states:
            count += 1
        self._rounds[known] = count
        return count

    def is_over(self, rounds: Rounds, items: Items) -> bool:
        """Whether no other round of a loop will be begun."""
        last = self.count_rounds(rounds, items)
        if last == len(rounds.heads):
            return True
        return self.read_readiness(self._scopes.locate(rounds.heads[last], items)) is Readiness.SKIPPED

    def read_readiness(self, address: Address) -> Readiness:
        """Whether the step may run; start always may."""
        edges = self._plan.graph.in_edges[self._scopes.node_of(address)]
        states = [self.read_edge(edge, address) for edge in edges]
        if EdgeState.OPEN in states:
            return Readiness.WAITS
        return Readiness.RUNS if not edges or EdgeState.TAKEN in states else Readiness.SKIPPED

    def list_followers(self, address: Address) -> list[Address]:
        """The steps directly behind one that has ended; for an `each`, the first of every item and the closing join.

        Where a loop ends with it, what stands behind the loop stands behind it too.
        """
        node_id = self._scopes.node_of(address)
        state = self._states.get(address)
        count = state.item_count if state else None
        followers: dict[Address, None] = {}
        for edge in self._plan.graph.out_edges[node_id]:
            followers.update(dict.fromkeys(self._scopes.step_on(edge, address, count)))
        if region := self._scopes.by_head.get(node_id):
            followers[self._scopes.locate(region.join, address.items)] = None  # reached at once when there are no items
        for rounds, _ in self._scopes.rounds_around(node_id):
            followers.update(dict.fromkeys(self._scopes.locate(exit_, address.items) for exit_ in rounds.exits))
        return list(followers)

    def skip_behind(self, address: Address) -> list[Address]:
        """Counts as skipped, and returns, all steps that the end of this one leaves without a taken in-edge."""
        return self._skip_from(self.list_followers(address))

    def skip_unreached(self) -> list[Address]:
        """Counts as skipped, and returns, all steps that nothing leads to any more, whichever ended last."""
        followers = (follower for address in list(self._states) for follower in self.list_followers(address))
        return self._skip_from(dict.fromkeys(followers))

    def _skip_from(self, followers: Iterable[Address]) -> list[Address]:
        skipped: list[Address] = []
        ahead = list(followers)
        for follower in ahead:  # grows while it is walked
            if follower in self._states or not self._is_begun(follower):
                continue
            if self.read_readiness(follower) is Readiness.SKIPPED:
                self.skip(follower)
                skipped.append(follower)
                ahead += self.list_followers(follower)
        return skipped

    def give_up(self, address: Address) -> list[Address]:
        """Counts as skipped, and returns, all behind a step that failed inside of what deals with that."""
        node_id = self._scopes.node_of(address)
        graph = self._plan.graph
        inside = graph.catchers.find(node_id) or frozenset()
        behind = sorted((other for other in inside if graph.is_ancestor(node_id, other)), key=graph.index.__getitem__)
        steps = [self._scopes.locate(other, address.items) for other in behind]
        skipped = [step for step in steps if step not in self._states and self._is_begun(step)]
        for step in skipped:
            self.skip(step)
        return skipped

    def unlocks(self, ended: list[Address]) -> bool:
        """Whether a step directly behind one of these may run now."""
        return any(
            follower not in self._states and self.read_readiness(follower) is Readiness.RUNS
            for address in ended
            for follower in self.list_followers(address)
        )

    def list_ready(self) -> Iterator[Address]:
        """The steps that nobody has begun and that may run now."""
        return (
            address
            for address in self._list_addresses()
            if address not in self._states and self.read_readiness(address) is Readiness.RUNS
        )

    def list_active_items(self, each: Address) -> list[int]:
        """The positions of the items, of an `each` that has ended, of which a step is at work or may run now."""
        depth, active = len(each.items), set[int]()
        for node_id in self._scopes.by_head[self._scopes.node_of(each)].body:
            for items in self._list_items(node_id):
                if items[:depth] == each.items and self._is_active(node_id, items):
                    active.add(items[depth].position)
        return sorted(active)

    def _is_active(self, node_id: str, items: Items) -> bool:
        address = self._scopes.locate(node_id, items)
        state = self._states.get(address)
        if state is None:
            return self._may_be_played(node_id, items) and self.read_readiness(address) is Readiness.RUNS
        return state.status in (StepStatus.RUNNING, StepStatus.PENDING)

    def read_run_state(self) -> RunState:
        """Where the run stands, from all of its steps."""
        statuses = {state.status for state in self._states.values() if not state.is_caught}
        if statuses & {StepStatus.RUNNING, StepStatus.PENDING} or any(True for _ in self.list_ready()):
            return RunState.ACTIVE
        if any(status.is_waiting for status in statuses):
            return RunState.WAITING
        return RunState.FAILED if StepStatus.FAILED in statuses else RunState.SUCCEEDED

    def _is_begun(self, address: Address) -> bool:
        """Whether the step stands outside of every loop, or in a round that was begun, or the first."""
        around = self._scopes.rounds_around(self._scopes.node_of(address))
        return all(number <= max(self.count_rounds(rounds, address.items), 1) for rounds, number in around)

    def _list_addresses(self) -> Iterator[Address]:
        """All steps that are known by now: inside an `each` once its items are, and of the rounds that may be next."""
        for node_id in self._plan.graph.order:
            for items in self._list_items(node_id):
                if self._may_be_played(node_id, items):
                    yield self._scopes.locate(node_id, items)

    def _may_be_played(self, node_id: str, items: Items) -> bool:
        around = self._scopes.rounds_around(node_id)
        return all(number <= self.count_rounds(rounds, items) + 1 for rounds, number in around)

    def _list_items(self, node_id: str) -> Iterator[Items]:
        head = self._scopes.head_of(node_id)
        if head is None:
            yield ()
            return
        for items in self._list_items(head):
            state = self._states.get(self._scopes.locate(head, items))
            yield from list_items(items, (state.item_count if state else None) or 0)
