"""Every window between two transactions or calls to Dagster, in turn: there a process dies, or is overtaken."""

from collections import Counter
from collections.abc import Callable

import dagster as dg
import pytest

from agentmesh_dagster.entities.models import RunStatus, Workflow
from agentmesh_dagster.runtime.services import Services
from tests.gates.actions import Action, Trouble
from tests.gates.graphs import Drawn
from tests.gates.healing import end_all
from tests.gates.system import System
from tests.gates.watched_store import empty_store
from tests.shapes import node, workflow

MOST_WINDOWS = 40

LAUNCH, FINISH, TICK = Action("launch"), Action("finish"), Action("tick")
APPROVE_FIRST = Action("answer_and_resume", 0, "approve")
APPROVE_SECOND = Action("answer_and_resume", 1, "approve")
ANSWER_FIRST, ANSWER_SECOND = Action("answer", 0, "approve"), Action("answer", 1, "approve")


def two_gates_and_a_join() -> Workflow:
    join = node("join", "tool", toolId="keep_note", input={"what": "join", "saw": "{{ context.last_output }}"})
    nodes = [node("start", "start"), node("a", "human_approval"), node("b", "human_approval"), join, node("end", "end")]
    return workflow("w", nodes, ["start -> a", "start -> b", "a -> join", "b -> join", "join -> end"])


@pytest.fixture
def open_system(services: Services) -> Callable[[], System]:
    def open_one() -> System:
        empty_store(services.store)
        return System(services, Drawn(two_gates_and_a_join()))

    return open_one


def play(system: System, before: list[Action], action: Action, trouble: Trouble) -> int:
    """Plays it to the end of the run; says how many of the troubles came: the action may end before."""
    for earlier in before:
        system.do(earlier)
    system.do(action, trouble)
    came = system.troubles_came
    end_all(system)
    system.close()
    return came


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("before", "action"),
    [
        ([], LAUNCH),
        ([LAUNCH], FINISH),
        ([LAUNCH, FINISH, TICK], APPROVE_SECOND),
        ([LAUNCH, FINISH, TICK, ANSWER_SECOND], APPROVE_FIRST),
        ([LAUNCH, FINISH, TICK, ANSWER_SECOND, ANSWER_FIRST], TICK),
        ([LAUNCH, FINISH, TICK, ANSWER_SECOND, APPROVE_FIRST], FINISH),
        ([LAUNCH, FINISH, TICK, ANSWER_SECOND, APPROVE_FIRST, FINISH], TICK),
    ],
    ids=["launch", "first worker", "answer", "last answer", "resuming", "second worker", "the end"],
)
@pytest.mark.parametrize("meanwhile", [None, TICK, APPROVE_FIRST], ids=["crash", "tick", "answer"])
def test_nothing_is_lost_in_any_window_of(
    open_system: Callable[[], System], before: list[Action], action: Action, meanwhile: Action | None
):
    windows = 0
    while play(open_system(), before, action, Trouble(windows + 1, meanwhile)):
        windows += 1
        assert windows < MOST_WINDOWS

    assert windows >= 2


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_worker_that_was_overtaken_writes_nothing_also_when_the_other_dies_in_the_middle(services: Services):
    call = node("call", "tool", toolId="keep_note", input={"what": "call", "saw": "{{ context.last_output }}"})
    flow = workflow("w", [node("start", "start"), call, node("end", "end")], ["start -> call", "call -> end"])
    came: Counter[int] = Counter()

    # Between the end of a transaction and the begin of the next nothing changes: every second window will do.
    for window in range(1, MOST_WINDOWS, 2):
        for death in range(1, MOST_WINDOWS, 2):
            empty_store(services.store)
            trouble = Trouble(window, Action("twin", 0, "force"), then=Trouble(death))
            reached = play(System(services, Drawn(flow)), [LAUNCH, Action("start")], FINISH, trouble)
            came[reached] += 1
            if reached < 2:
                break

    assert came[2] > 50, "both died, or were overtaken, in the middle"


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_launch_that_dagster_calls_a_success_fails_its_run_if_steps_were_left(open_system: Callable[[], System]):
    system = open_system()
    system.do(LAUNCH)
    system.do(Action("start"))
    [worker] = system.workers
    worker.end(dg.DagsterRunStatus.SUCCESS)
    system.do(TICK)

    [snapshot] = system.check().values()
    assert (snapshot.status, snapshot.run.error) == (RunStatus.FAILED, "Steps were left that its launch never ran.")
    system.close()
