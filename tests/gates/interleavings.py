"""Interleavings, as hypothesis draws, plays and shrinks them."""

from collections.abc import Callable, Collection
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.runtime.services import Services
from tests.gates.deeds import Deed, Trouble
from tests.gates.graphs import workflows
from tests.gates.healing import end_all
from tests.gates.watched_store import empty_store
from tests.gates.world import World

_PICKS = st.integers(0, 11)
_ANSWERS = st.sampled_from(["approve", "approve", "reject", "edit", "unfit"])


# What a run does not recover from would end most examples early.
_CALM = st.sampled_from(
    [
        ("cancel", "delete"),
        ("cancel", "delete", "stall", "twin"),
        ("delete", "stall", "twin"),
        ("cancel", "stall"),
        (),
    ]
)


def _deeds(*names: str, how: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[Deed]:
    return st.builds(Deed, st.sampled_from(names), _PICKS, st.just("") if how is None else how)


answers = _deeds("answer", "answer_and_resume", "answer_and_resume", how=_ANSWERS)
works = _deeds("work", "start", "finish", "finish")
upkeeps = _deeds("tick", "resume", "tick", "due", "time_passes")
_FORCES = st.sampled_from(["", "force"])
faults = _deeds("cancel", "delete", "stall", "twin", how=_FORCES)
_KINDS = {"a": answers, "w": works, "u": upkeeps, "r": _deeds("retry"), "f": faults, "l": _deeds("launch")}
deeds = st.sampled_from("aaaawwwwuuulfrr").flatmap(_KINDS.__getitem__)
troubles = st.one_of(
    st.none(),
    st.none(),
    st.builds(Trouble, st.integers(1, 14), st.sampled_from("awuf").flatmap(_KINDS.__getitem__)),
    st.builds(Trouble, st.integers(1, 14)),
    st.builds(Trouble, st.integers(1, 14), _deeds("twin", how=_FORCES), st.builds(Trouble, st.integers(1, 14))),
)


class Interleaving(RuleBasedStateMachine):
    """Runs of one random graph, to which anything happens in any order."""

    open_world: Callable[[Workflow, Collection[str]], World]
    played = 0
    deeds_done = 0

    @initialize(flow=workflows(), pick=_PICKS, has_begun=st.sampled_from([True, True, False]), without=_CALM)
    def begin(self, flow: Workflow, pick: int, has_begun: bool, without: Collection[str]) -> None:
        type(self).played += 1
        self.world = type(self).open_world(flow, without)
        self.world.do(Deed("launch", pick))
        if has_begun:
            self.world.do(Deed("finish"))

    @rule(deed=deeds, trouble=troubles)
    def do(self, deed: Deed, trouble: Trouble | None) -> None:
        type(self).deeds_done += 1
        self.world.do(deed, trouble)

    def teardown(self) -> None:
        world = getattr(self, "world", None)
        if world is None:
            return
        try:
            end_all(world)
        finally:
            world.close()


def play_on(services: Services, **more: Any) -> type[Interleaving]:
    """Interleavings on the store of these services, emptied before each."""

    def open_world(flow: Workflow, without: Collection[str]) -> World:
        empty_store(services.store)
        return World(services, flow, without=without)

    return type("Played", (Interleaving,), {"open_world": staticmethod(open_world), "played": 0, **more})
