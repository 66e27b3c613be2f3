"""An office for tests: launches, answers and resumes, as the API and the sensor would, in this process."""

from typing import Any

import dagster as dg

from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.resume import resume_run
from agentmesh_dagster.entities.models import EventType, Run, StepStatus, Workflow
from agentmesh_dagster.runtime.answers import Answer, answer_gate
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.gates import list_open_gates
from agentmesh_dagster.store.runs import get_run
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.tools import tool
from tests.shapes import function_tool, node, save, workflow

APPROVED = {"approved": True, "comment": "fine"}

CALLS: list[str] = []


@tool
def note(what: str) -> str:
    CALLS.append(what)
    return what


def noting(identity: str) -> dict[str, Any]:
    return node(identity, "tool", toolId="note", input={"what": identity})


def draft_gate_publish(**gate: Any) -> Workflow:
    nodes = [node("start", "start"), noting("draft"), node("gate", "human_approval", **gate), noting("publish")]
    nodes.append(node("end", "end", output="{{ context.outputs.gate }}"))
    return workflow("w", nodes, ["start -> draft", "draft -> gate", "gate -> publish", "publish -> end"])


def build_sieve() -> Workflow:
    """Notes the items above ten, and gives the list of what was noted: null for each that was not."""
    nodes = [node("start", "start"), node("each", "branch", mode="each", items="context.input.items")]
    nodes += [node("choose", "branch", onNoMatch="end")]
    nodes += [node("keep", "tool", toolId="note", input={"what": "kept {{ context.item }}"}), node("end", "end")]
    edges = ["start -> each", "each -> choose", "choose -> keep if context.item > 10", "keep -> end"]
    return workflow("w", nodes, edges)


class Office:
    """Launches, answers and resumes, as the API and the sensor would, in this process."""

    def __init__(self, services: Services, instance: dg.DagsterInstance) -> None:
        self.services = services
        self.instance = instance

    def start(self, flow: Workflow, run_input: Any = None) -> str:
        save(self.services, function_tool("note"), flow)
        launch = prepare_launch(self.services, self.instance, flow, run_input or {}, launched_by="test")
        run_in_place(self.services, self.instance, launch)
        return launch.run_id

    def gate(self, run_id: str, node_id: str) -> str:
        with self.services.store.read() as connection:
            gates = list_open_gates(connection)
        return next(gate.step_id for gate in gates if (gate.run_id, gate.node_id) == (run_id, node_id))

    def answer(self, run_id: str, node_id: str, output: Any) -> None:
        answer_gate(self.services, self.gate(run_id, node_id), Answer(output, by="ann", via="test"))

    def continue_run(self, run_id: str) -> bool:
        """Resumes in place; says whether there was anything to launch."""
        launch = resume_run(self.services, self.instance, run_id)
        if launch is not None:
            run_in_place(self.services, self.instance, launch)
        reconcile_run(self.services, self.instance, run_id)
        return launch is not None

    def run(self, run_id: str) -> Run:
        with self.services.store.read() as connection:
            return get_run(connection, run_id)

    def statuses(self, run_id: str) -> dict[str, StepStatus]:
        with self.services.store.read() as connection:
            return {step.node_id: step.status for step in list_steps(connection, run_id)}

    def event_types(self, run_id: str) -> list[EventType]:
        with self.services.store.read() as connection:
            return [event.type for event in list_events(connection, run_id)]

    def dagster_status(self, launch_id: str) -> dg.DagsterRunStatus:
        found = self.instance.get_run_by_id(launch_id)
        assert found
        return found.status
