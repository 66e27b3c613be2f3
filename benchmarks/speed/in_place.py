"""The graphs on AgentMesh in this one process: a stored workflow, launched and executed in place, on SQLite.

Each run is what `agentmesh run` does: the launch is prepared, Dagster executes it, store and Dagster are reconciled.
"""

import os
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.instance import open_instance
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.control.resume import resume_run
from agentmesh_dagster.entities.models import Agent, Workflow
from agentmesh_dagster.runtime.answers import Answer, answer_gate
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.store.catalogue import save_entities
from agentmesh_dagster.store.gates import list_open_gates
from agentmesh_dagster.store.runs import get_run
from benchmarks.speed.frame import Answered, play, read_task
from benchmarks.speed.graphs import RUN_INPUT, build_document, name_workflow


def run_graph(services: Services, instance: dg.DagsterInstance, workflow: Workflow) -> Answered | None:
    """One run to its end; of G4 with an answer as soon as its gate is open."""
    launch = prepare_launch(services, instance, workflow, RUN_INPUT, launched_by="benchmark")
    run_in_place(services, instance, launch)
    with services.store.read() as connection:
        gates = list_open_gates(connection, limit=1)
    answered = None
    if gates:
        answered = Answered(time.time())
        answer_gate(services, gates[0].step_id, Answer({"approved": True}, by="ann", via="benchmark"))
        following = resume_run(services, instance, launch.run_id)
        assert following is not None
        run_in_place(services, instance, following)
    with services.store.read() as connection:
        run = get_run(connection, launch.run_id)
    assert run.status.value == "succeeded", run.error
    return answered


def save_document(services: Services, document: dict[str, Any]) -> dict[str, Workflow]:
    """Workflow id → workflow."""
    agents = [Agent.model_validate(agent) for agent in document["agents"]]
    workflows = [Workflow.model_validate(workflow) for workflow in document["workflows"]]
    save_entities(services.store, [*agents, *workflows], author="benchmark")
    return {workflow.id: workflow for workflow in workflows}


@contextmanager
def open_home(home: Path) -> Generator[tuple[Services, dg.DagsterInstance, dict[str, Workflow]]]:
    """The services and the instance of a home that has the four graphs; AGENTMESH_HOME goes before `home`."""
    os.environ.setdefault("AGENTMESH_HOME", str(home))
    os.environ["AGENTMESH_CONSOLE_LOG_LEVEL"] = "CRITICAL"
    services = open_services()
    workflows = save_document(services, build_document())
    with open_instance(services.settings) as instance:
        yield services, instance, workflows


def main() -> None:
    task, _ = read_task()
    with tempfile.TemporaryDirectory() as folder, open_home(Path(folder) / "home") as (services, instance, workflows):
        play(task, lambda graph, ms: run_graph(services, instance, workflows[name_workflow(graph, ms)]))


if __name__ == "__main__":
    main()
