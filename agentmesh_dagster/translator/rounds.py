"""Rounds: a launch plays its loops some rounds at a time, so that rounds which nobody plays cost nothing.

To Dagster a step that is not played is a step that was skipped, which is an event each, and a loop may have a hundred
rounds. So the executor is handed the rounds that may come next, and again those behind, while there is something to do.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from agentmesh_dagster.graph.address import Address, Items
from agentmesh_dagster.graph.plan import Plan, PlannedOp, Wiring
from agentmesh_dagster.graph.progress import Progress, StepState
from agentmesh_dagster.graph.scopes import Rounds, list_items
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.runs import get_run_head
from agentmesh_dagster.store.steps import read_states

AHEAD = 2  # rounds at first; then as many as were played by now


@dataclass
class RoundsPlayed:
    """What of a launch is handed to the executor, one part after the other."""

    plan: Plan
    services: Services
    run_id: str
    wanted: Collection[str]  # step keys
    _first: dict[Rounds, int] = field(default_factory=dict[Rounds, int])  # how many were begun before this launch

    @cached_property
    def _placed(self) -> Sequence[tuple[PlannedOp, Sequence[tuple[Rounds, int]]]]:
        """Each op with the rounds that it stands in."""
        return [(op, self.plan.scopes.rounds_around(op.node.id)) for op in self.plan.ops]

    @cached_property
    def _loops(self) -> Sequence[Rounds]:
        return list({rounds: None for _, around in self._placed for rounds, _ in around})

    def list_parts(self) -> Iterator[list[str]]:
        """The step keys to execute next; after each part, once it was executed, those that it made possible."""
        states = self._read_states()
        while states is not None:
            yield self._choose(states)
            before, states = states, self._read_states()
            if states is None or states == before or not self._has_more(states):
                return

    def _read_states(self) -> Mapping[Address, StepState] | None:
        with self.services.store.read() as connection:
            if get_run_head(connection, self.run_id).status.is_end:
                return None
            return read_states(connection, self.run_id)

    def _has_more(self, states: Mapping[Address, StepState]) -> bool:
        wanted = {key.partition("[")[0] for key in self.wanted}
        ready = Progress(self.plan, states).list_ready()
        return any(self.plan.by_node[self.plan.key_of(step)].name in wanted for step in ready)

    def _choose(self, states: Mapping[Address, StepState]) -> list[str]:
        """Of what was asked for all that may still have something to do, in the rounds that may come next."""
        reach = self._find_reach(states)
        ahead = {exit_ for rounds, found in reach.items() if not found.is_over for exit_ in rounds.exits}
        chosen: set[str] = set()
        settled: set[str] = set()
        behind: set[str] = set()  # a loop that is not over
        for op, around in self._placed:  # sources first
            if any(number > reach[rounds].last and not reach[rounds].is_over for rounds, number in around):
                continue  # it may come, and so may what is behind its loop
            sources = {port.source for port in op.inputs}
            if op.node.id in ahead or sources & behind:
                behind.add(op.name)
            if op.name in behind and op.wiring is not Wiring.REPEATED:
                continue  # looked at too early it would be shown as executed, and all behind it as skipped for good
            if self._has_ended(op, states) or any(reach[rounds].is_past(number) for rounds, number in around):
                settled.add(op.name)
            elif sources & chosen or sources <= settled:
                chosen.add(op.name)
        return [key for key in self.wanted if key.partition("[")[0] in chosen]

    def _find_reach(self, states: Mapping[Address, StepState]) -> Mapping[Rounds, "_Reach"]:
        progress = Progress(self.plan, states)
        found: dict[Rounds, _Reach] = {}
        for rounds in self._loops:
            items = self._list_items(rounds, progress)
            begun = max((progress.count_rounds(rounds, one) for one in items or ()), default=0)
            ahead = max(AHEAD, begun - self._first.setdefault(rounds, begun))
            is_over = items is not None and all(progress.is_over(rounds, one) for one in items)
            found[rounds] = _Reach(begun, begun if is_over else begun + ahead, is_over)
        return found

    def _list_items(self, rounds: Rounds, progress: Progress) -> Sequence[Items] | None:
        """The items for each of which the loop is played, if they are known; outside of every `each` an empty one."""
        head = self.plan.scopes.head_of(rounds.heads[0])
        if head is None:
            return [()]
        each = self.plan.scopes.locate(head)
        if progress.is_passed_by(each):
            return []  # such as in a round around it that nobody will begin
        state = progress.read_state(each)
        return list_items((), state.item_count or 0) if state and state.status.is_end else None

    def _has_ended(self, op: PlannedOp, states: Mapping[Address, StepState]) -> bool:
        if op.wiring in (Wiring.REPEATED, Wiring.COLLECT, Wiring.FAN_OUT):
            return False  # an `each` is looked at as a whole
        state = states.get(self.plan.scopes.locate(op.node.id))
        return state is not None and state.status.is_end


@dataclass(frozen=True)
class _Reach:
    """Which rounds of a loop a part of a launch goes to."""

    begun: int  # by now
    last: int  # that is handed over
    is_over: bool  # no other will be begun

    def is_past(self, number: int) -> bool:
        """Whether a round will never be played."""
        return self.is_over and number > self.begun
