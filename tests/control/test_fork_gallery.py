"""Shapes of the gallery, each forked from each of its nodes: the same comes out, and only what had to be is done."""

from collections.abc import Iterator

import dagster as dg
import pytest

from agentmesh_dagster.control.fork import prepare_fork
from agentmesh_dagster.control.in_place import execute_launch
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.control.resume import resume_run
from agentmesh_dagster.entities.models import Run, Step, StepStatus, Workflow
from agentmesh_dagster.runtime.answers import Answer, answer_gate
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import save_checked
from agentmesh_dagster.store.gates import list_open_gates
from agentmesh_dagster.store.runs import get_run
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.wire import NewFork
from tests.gallery import read_expected, read_shape

only_sqlite = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)  # it is the way that is looked at
SHAPES = (
    "branch_that_is_caught",
    "caught_in_an_each",
    "each_in_an_optional_arm",
    "each_with_a_branch_inside",
    "gate_before_a_join",
    "gate_for_each_item",
    "gate_for_some_items",
    "loop_with_a_gate",
    "mixed_join",
    "skipped_cascade",
    "two_each_in_parallel",
    "two_gates_at_once",
)


def finish(services: Services, instance: dg.DagsterInstance, run_id: str) -> Run:
    """Says yes at every gate until the run has ended."""
    while True:
        with services.store.read() as connection:
            run = get_run(connection, run_id)
            gates = [gate for gate in list_open_gates(connection) if gate.run_id == run_id]
        if run.status.is_end:
            return run
        for gate in gates:
            answer_gate(services, gate.step_id, Answer({"approved": True}, by="ann", via="test"))
        launch = resume_run(services, instance, run_id)
        assert launch is not None
        execute_launch(services, instance, launch)


def read_steps(services: Services, run_id: str) -> dict[tuple[str, str], Step]:
    with services.store.read() as connection:
        return {(step.node_id, step.path): step for step in list_steps(connection, run_id)}


def list_behind(flow: Workflow, node_id: str) -> set[str]:
    """The node and all that its edges lead to."""
    found, ahead = {node_id}, [node_id]
    while ahead:
        source = ahead.pop()
        targets = {edge.to_node_id for edge in flow.graph.edges if edge.from_node_id == source} - found
        found |= targets
        ahead += targets
    return found


def list_node_ids(steps: dict[tuple[str, str], Step]) -> Iterator[str]:
    return iter(dict.fromkeys(node_id for (node_id, _), step in steps.items() if step.status is StepStatus.SUCCEEDED))


@only_sqlite
@pytest.mark.parametrize("shape", SHAPES)
def test_forked_from_each_node_it_gives_the_same(services: Services, instance: dg.DagsterInstance, shape: str):
    document, _ = read_shape(shape)
    save_checked(services.store, list(document), author="test")
    flow = document.workflows[0]
    case = read_expected(shape)[1][-1]
    launch = prepare_launch(services, instance, flow, case.input, launched_by="test")
    execute_launch(services, instance, launch)
    run = finish(services, instance, launch.run_id)
    before = read_steps(services, run.id)

    for node_id in list_node_ids(before):
        fork = prepare_fork(services, instance, run.id, NewFork(from_node_id=node_id), by="bob")
        execute_launch(services, instance, fork)
        ended = finish(services, instance, fork.run_id)

        after = read_steps(services, fork.run_id)
        assert (ended.status, ended.output, ended.error) == (run.status, run.output, run.error), node_id
        assert {key: step.status for key, step in after.items()} == {key: step.status for key, step in before.items()}
        ran = {key for key, step in after.items() if step.taken_over_from is None}
        behind = list_behind(flow, node_id)
        unskipped = {key for key, step in before.items() if step.status is not StepStatus.SKIPPED}
        # Inside of a loop it depends on the round, and inside of a call the graph is another one.
        if node_id not in {known.id for known in flow.graph.nodes}:
            continue
        plain = {key for key in unskipped if not key[1] or key[1].startswith("[")}
        assert ran & plain == {key for key in plain if key[0] in behind}, node_id
