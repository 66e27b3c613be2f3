"""A join of many nodes runs once, when the last of them has ended; when one has failed, the run fails."""

from agentmesh_dagster.entities.models import RunStatus, Tool, Workflow
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.testing import FinishedRun, run_workflow
from tests.shapes import node, save, workflow

MANY = 60


def run_fan(services: Services, *, last: str) -> FinishedRun:
    """start → n0 … n59 → end; each adds two numbers, the last one does what it is told."""
    calculate = Tool.model_validate(
        {"id": "calculate", "name": "Calculate", "type": "builtin", "config": {"functionName": "calculator"}}
    )
    expressions = ["1 + 1"] * (MANY - 1) + [last]
    sums = [
        node(f"n{number}", "tool", toolId="calculate", input={"expression": expression})
        for number, expression in enumerate(expressions)
    ]
    edges = [edge for one in sums for edge in (f"start -> {one['id']}", f"{one['id']} -> end")]
    flow: Workflow = workflow("fan", [node("start", "start"), *sums, node("end", "end", output="done")], edges)
    save(services, calculate, flow)
    return run_workflow(services, flow, {})


def test_the_join_runs_once_after_all_of_them(services: Services):
    run = run_fan(services, last="2 + 2")
    assert (run.status, run.output) == (RunStatus.SUCCEEDED, "done")
    assert len(run.executed) == MANY + 2
    assert run.executed[-1] == "end"


def test_one_that_fails_fails_the_run_although_the_others_go_on(services: Services):
    run = run_fan(services, last="1 / 0")
    assert run.status is RunStatus.FAILED
    assert len(run.executed) == MANY + 1
    assert "end" not in run.executed
