"""The multiprocess executor: each step in a process of its own, the same run."""

import dagster as dg
import pytest

from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.control.resume import resume_run
from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.runtime.answers import Answer, answer_gate
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store.runs import get_run
from tests.shapes import node, save, workflow


def test_a_run_waits_and_goes_on_over_processes(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AGENTMESH_EXECUTOR", "multiprocess")
    get_settings.cache_clear()
    services = open_services()
    nodes = [node("start", "start"), node("gate", "human_approval"), node("end", "end")]
    flow = workflow("w", nodes, ["start -> gate", "gate -> end"])
    save(services, flow)

    launch = prepare_launch(services, instance, flow, {"n": 1}, launched_by="test")
    run_in_place(services, instance, launch)
    with services.store.read() as connection:
        [step_id] = get_run(connection, launch.run_id).waiting_on
    answer_gate(services, step_id, Answer({"approved": True}, by="ann", via="test"))
    following = resume_run(services, instance, launch.run_id)
    assert following
    run_in_place(services, instance, following)

    with services.store.read() as connection:
        run = get_run(connection, launch.run_id)
    assert (run.status, run.output) == (RunStatus.SUCCEEDED, {"approved": True})
    logs = instance.all_logs(launch.launch_id, of_type=dg.DagsterEventType.STEP_WORKER_STARTING)
    assert len(logs) == 2, "start and gate, each in a process of its own"
