"""Interleavings, as hypothesis draws, plays and shrinks them."""

from collections.abc import Callable, Collection
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from agentmesh_dagster.runtime.services import Services
from tests.gates.actions import Action, Trouble
from tests.gates.graphs import Drawn, workflows
from tests.gates.healing import end_all
from tests.gates.system import System
from tests.gates.watched_store import empty_store

_PICKS = st.integers(0, 11)
_ANSWERS = st.sampled_from(["approve", "approve", "reject", "edit", "unfit"])


# What a run does not recover from would end most examples early.
_CALM = st.sampled_from(
    [
        ("cancel", "cancel_run", "delete"),
        ("cancel", "cancel_run", "delete", "stall", "twin", "daemon"),
        ("delete", "stall", "twin"),
        ("cancel", "stall", "daemon"),
        (),
    ]
)


def _actions(*names: str, how: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[Action]:
    return st.builds(Action, st.sampled_from(names), _PICKS, st.just("") if how is None else how)


answers = _actions("answer", "answer_and_resume", "answer_and_resume", how=_ANSWERS)
works = _actions("work", "start", "finish", "finish")
upkeeps = _actions("tick", "resume", "tick", "tend", "due", "time_passes")
_FORCES = st.sampled_from(["", "force"])
faults = _actions("cancel", "cancel_run", "delete", "stall", "twin", how=_FORCES)
arrivals = _actions("post", "post", "call_back", how=st.sampled_from(["", "look"]))
_KINDS = {"a": answers, "w": works, "u": upkeeps, "r": _actions("retry"), "f": faults, "l": _actions("launch")}
_KINDS["e"] = arrivals
actions = st.sampled_from("aaaawwwwuuulfrreee").flatmap(_KINDS.__getitem__)
troubles = st.one_of(
    st.none(),
    st.none(),
    st.builds(Trouble, st.integers(1, 14), st.sampled_from("awufe").flatmap(_KINDS.__getitem__)),
    st.builds(Trouble, st.integers(1, 14)),
    st.builds(Trouble, st.integers(1, 14), _actions("twin", how=_FORCES), st.builds(Trouble, st.integers(1, 14))),
)


class Interleaving(RuleBasedStateMachine):
    """Runs of one random graph, to which anything happens in any order."""

    open_system: Callable[[Drawn, Collection[str]], System]
    played = 0
    actions_done = 0

    @initialize(drawn=workflows(), pick=_PICKS, has_begun=st.sampled_from([True, True, False]), without=_CALM)
    def begin(self, drawn: Drawn, pick: int, has_begun: bool, without: Collection[str]) -> None:
        type(self).played += 1
        self.system = type(self).open_system(drawn, without)
        self.system.do(Action("launch", pick))
        if has_begun:
            self.system.do(Action("finish"))

    @rule(action=actions, trouble=troubles)
    def do(self, action: Action, trouble: Trouble | None) -> None:
        type(self).actions_done += 1
        self.system.do(action, trouble)

    def teardown(self) -> None:
        system = getattr(self, "system", None)
        if system is None:
            return
        try:
            end_all(system)
        finally:
            system.close()


def play_on(services: Services, **more: Any) -> type[Interleaving]:
    """Interleavings on the store of these services, emptied before each."""

    def open_system(drawn: Drawn, without: Collection[str]) -> System:
        empty_store(services.store)
        return System(services, drawn, without=without)

    return type("Played", (Interleaving,), {"open_system": staticmethod(open_system), "played": 0, **more})
