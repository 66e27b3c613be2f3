"""Dagster's part as `driver.py` plays it is the part that Dagster plays."""

from collections import Counter
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.entities.models import RunStatus, Workflow
from agentmesh_dagster.runtime.services import Services
from tests.control.instances import open_test_instance
from tests.gates.actions import Action
from tests.gates.dagster_system import DagsterSystem, forget_jobs
from tests.gates.graphs import Drawn
from tests.gates.recorder import CALLS
from tests.gates.short_memory import ShortMemory
from tests.gates.system import System
from tests.gates.watched_store import empty_store
from tests.shapes import node, workflow

THROUGH_ONE_GATE = [
    Action("launch"),
    Action("finish"),
    Action("tick"),
    Action("answer_and_resume", 0, "approve"),
    Action("finish"),
    Action("tick"),
]


def noting(identity: str) -> dict[str, Any]:
    return node(identity, "tool", toolId="keep_note", input={"what": identity, "saw": "{{ context.last_output }}"})


def each_beside_a_gate() -> Workflow:
    """One `each` has ended when the gate is answered, another stands behind the gate."""
    nodes = [node("start", "start"), node("early", "branch", mode="each", items=[1, 2]), noting("one"), noting("join")]
    nodes += [node("gate", "human_approval"), node("late", "branch", mode="each", items=[3, 4, 5]), noting("two")]
    nodes += [noting("last"), node("end", "end")]
    edges = ["start -> early", "early -> one", "one -> join", "start -> gate", "join -> last"]
    return workflow("w", nodes, [*edges, "gate -> late", "late -> two", "two -> last", "last -> end"])


def ways_that_skip() -> Workflow:
    """Arms that are not taken, an arm that fails, and a join of all of them behind a gate with conditions."""
    nodes = [node("start", "start"), node("way", "branch", onNoMatch="end"), noting("left"), noting("right")]
    nodes += [node("gate", "human_approval"), noting("yes"), noting("no"), noting("join"), node("end", "end")]
    edges = ["start -> way", "way -> left if context.input.f0", "way -> right if !context.input.f0", "start -> gate"]
    edges += ["gate -> yes if context.last_output.approved", "gate -> no if !context.last_output.approved"]
    return workflow("w", nodes, [*edges, "left -> join", "right -> join", "yes -> join", "no -> join", "join -> end"])


def play(system: System) -> tuple[Any, ...]:
    """What became of a run: its status, its steps, what was called with what, and what Dagster says of its launches."""
    for action in THROUGH_ONE_GATE:
        system.do(action)
    [snapshot] = system.check().values()
    system.close()
    launched = [system.instance.get_run_by_id(launch.launch_id) for launch in snapshot.launches]
    return (
        snapshot.status,
        Counter((event.type, event.payload.get("nodeId"), event.payload.get("item")) for event in snapshot.events),
        Counter((call.what, str(call.saw)) for call in CALLS),
        [(run.status, set(run.step_keys_to_execute)) for run in launched],
    )


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("flow", [each_beside_a_gate(), ways_that_skip()], ids=["each", "skips"])
def test_a_run_comes_to_the_same_with_the_driver_and_with_dagster(services: Services, flow: Workflow):
    with_driver = play(System(services, Drawn(flow)))

    empty_store(services.store)
    forget_jobs()
    with open_test_instance(services.settings.home) as instance:
        with_dagster = play(DagsterSystem(services, Drawn(flow), instance))

    assert with_driver == with_dagster
    assert with_driver[0] is RunStatus.SUCCEEDED


def test_the_instance_with_a_short_memory_has_no_calls_that_a_real_one_lacks():
    names = [name for name in vars(ShortMemory) if not name.startswith("_")]
    ours = {"let_time_pass", "report_started", "take_off_queue", "fail_unstarted", "has_daemon", "has_job_snapshot"}

    assert [name for name in names if name not in ours and not hasattr(dg.DagsterInstance, name)] == []
