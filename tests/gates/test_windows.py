"""Every window between two transactions or calls to Dagster, in turn: there a process dies, or is overtaken."""

from collections import Counter
from collections.abc import Callable

import dagster as dg
import pytest

from agentmesh_dagster.entities.models import RunStatus, Workflow
from agentmesh_dagster.runtime.services import Services
from tests.gates.deeds import Deed, Trouble
from tests.gates.healing import end_all
from tests.gates.watched_store import empty_store
from tests.gates.world import World
from tests.shapes import node, workflow

MOST_WINDOWS = 40

LAUNCH, FINISH, TICK = Deed("launch"), Deed("finish"), Deed("tick")
APPROVE_FIRST = Deed("answer_and_resume", 0, "approve")
APPROVE_SECOND = Deed("answer_and_resume", 1, "approve")
ANSWER_FIRST, ANSWER_SECOND = Deed("answer", 0, "approve"), Deed("answer", 1, "approve")


def two_gates_and_a_join() -> Workflow:
    join = node("join", "tool", toolId="keep_note", input={"what": "join", "saw": "{{ context.last_output }}"})
    nodes = [node("start", "start"), node("a", "human_approval"), node("b", "human_approval"), join, node("end", "end")]
    return workflow("w", nodes, ["start -> a", "start -> b", "a -> join", "b -> join", "join -> end"])


@pytest.fixture
def open_world(services: Services) -> Callable[[], World]:
    def open_one() -> World:
        empty_store(services.store)
        return World(services, two_gates_and_a_join())

    return open_one


def play(world: World, before: list[Deed], deed: Deed, trouble: Trouble) -> int:
    """Plays it to the end of the run; says how many of the troubles came: the deed may end before."""
    for earlier in before:
        world.do(earlier)
    world.do(deed, trouble)
    came = world.troubles_came
    end_all(world)
    world.close()
    return came


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("before", "deed"),
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
    open_world: Callable[[], World], before: list[Deed], deed: Deed, meanwhile: Deed | None
):
    windows = 0
    while play(open_world(), before, deed, Trouble(windows + 1, meanwhile)):
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
            trouble = Trouble(window, Deed("twin", 0, "force"), then=Trouble(death))
            reached = play(World(services, flow), [LAUNCH, Deed("start")], FINISH, trouble)
            came[reached] += 1
            if reached < 2:
                break

    assert came[2] > 50, "both died, or were overtaken, in the middle"


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_launch_that_dagster_calls_a_success_fails_its_run_if_steps_were_left(open_world: Callable[[], World]):
    world = open_world()
    world.do(LAUNCH)
    world.do(Deed("start"))
    [worker] = world.workers
    worker.end(dg.DagsterRunStatus.SUCCESS)
    world.do(TICK)

    [picture] = world.check().values()
    assert (picture.status, picture.run.error) == (RunStatus.FAILED, "Steps were left that its launch never ran.")
    world.close()
