"""Interleavings, as hypothesis draws, plays and shrinks them."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.runtime.services import Services
from tests.gates.graphs import workflows
from tests.gates.world import Deed, Trouble, World, empty_store

_PICKS = st.integers(0, 11)
_ANSWERS = st.sampled_from(["approve", "approve", "reject", "edit", "unfit"])


def _deeds(*names: str, how: st.SearchStrategy[str] = st.just("")) -> st.SearchStrategy[Deed]:
    return st.builds(Deed, st.sampled_from(names), _PICKS, how)


answers = _deeds("answer", "answer_and_resume", how=_ANSWERS)
works = _deeds("start", "work", "finish", "finish")
upkeeps = _deeds("tick", "resume", "tick", "due", "time_passes")
faults = _deeds("stall", "cancel", "delete", how=st.sampled_from(["", "force"]))
deeds = st.one_of(answers, works, upkeeps, works, upkeeps)
troubles = st.one_of(
    st.none(),
    st.none(),
    st.builds(Trouble, st.integers(1, 14), st.one_of(answers, works, upkeeps, faults)),
    st.builds(Trouble, st.integers(1, 14)),
)


class Interleaving(RuleBasedStateMachine):
    """Runs of one random graph, to which anything happens in any order."""

    open_world: Callable[[Workflow], World]
    played = 0
    deeds_done = 0

    @initialize(flow=workflows(), pick=_PICKS)
    def begin(self, flow: Workflow, pick: int) -> None:
        type(self).played += 1
        self.world = type(self).open_world(flow)
        self.world.do(Deed("launch", pick))

    @rule(deed=deeds, trouble=troubles)
    def do(self, deed: Deed, trouble: Trouble | None) -> None:
        type(self).deeds_done += 1
        self.world.do(deed, trouble)

    @rule(pick=_PICKS, trouble=troubles)
    def launch(self, pick: int, trouble: Trouble | None) -> None:
        self.world.do(Deed("launch", pick), trouble)

    @rule(deed=faults, chance=st.integers(0, 3))
    def break_something(self, deed: Deed, chance: int) -> None:
        if chance == 0:  # else most runs would be canceled early
            self.world.do(deed)

    def teardown(self) -> None:
        world = getattr(self, "world", None)
        if world is None:
            return
        try:
            world.heal()
            world.end_all()
        finally:
            world.close()


def play_on(services: Services, **more: Any) -> type[Interleaving]:
    """Interleavings on the store of these services, emptied before each."""

    def open_world(flow: Workflow) -> World:
        empty_store(services.store)
        return World(services, flow)

    return type("Played", (Interleaving,), {"open_world": staticmethod(open_world), "played": 0, **more})
