"""Ends of runs: when there is nothing more to do, what came of it, and who is told.

Callers hold the run's lock: `lock_run` in the same transaction.
"""

from collections.abc import Mapping

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import EventType, RunStatus
from agentmesh_dagster.graph.address import Address, Call, Frame, Item, Round
from agentmesh_dagster.graph.graph import GraphNode
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.progress import Progress, RunState
from agentmesh_dagster.runtime.checks import decide_checks, describe_blocked
from agentmesh_dagster.specs.node_spec import Place
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.events import Event, record_events
from agentmesh_dagster.store.materializations import find_materialization, write_verdicts
from agentmesh_dagster.store.runs import RunHead, mark_run_ended
from agentmesh_dagster.store.steps import list_failures, read_outputs
from agentmesh_dagster.store.triggers import deliver_run_end


def end_run_if_over(tx: Connection, plan: Plan, run: RunHead, progress: Progress) -> RunState:
    """Ends the run when none of its steps runs, may run or waits for a person."""
    state = progress.read_run_state()
    if state is RunState.SUCCEEDED:
        complete_run(tx, plan, run)
    elif state is RunState.FAILED:
        fail_run(tx, run, _describe_failures(tx, plan, run.id))
    return state


def complete_run(tx: Connection, plan: Plan, run: RunHead) -> None:
    """All is done; the run's output is that of the end that ran, with several a mapping node id → output.

    It has succeeded, unless a check of the asset that it makes says otherwise.
    """
    ends = [node.id for node in plan.ends]
    outputs = {address.node_id: output for address, output in read_outputs(tx, run.id, ends, [()]).items()}
    output = _merge({node_id: outputs[node_id] for node_id in ends if node_id in outputs})
    made = find_materialization(tx, run.id)
    verdicts = decide_checks(tx, plan, run.id, output) if made else []
    if made:
        write_verdicts(tx, run.id, verdicts)
    found: dict[str, JsonValue] = {"checks": [verdict.to_wire() for verdict in verdicts]} if verdicts else {}
    if blocked := describe_blocked(verdicts):
        mark_run_ended(tx, run.id, RunStatus.FAILED, error=blocked)
        _record_end(tx, run, EventType.RUN_FAILED, {"error": blocked, **found})
        return
    mark_run_ended(tx, run.id, RunStatus.SUCCEEDED, output=output)
    _record_end(tx, run, EventType.RUN_COMPLETED, {"output": output, **found})


def _merge(outputs: Mapping[str, JsonValue]) -> JsonValue:
    return dict(outputs) if len(outputs) > 1 else next(iter(outputs.values()), None)


def fail_run(tx: Connection, run: RunHead, error: str) -> None:
    mark_run_ended(tx, run.id, RunStatus.FAILED, error=error)
    _record_end(tx, run, EventType.RUN_FAILED, {"error": error})


def cancel_run(tx: Connection, run: RunHead, error: str, *, by: str | None = None) -> None:
    """`by` is who did it, where that is known."""
    mark_run_ended(tx, run.id, RunStatus.CANCELED, error=error)
    _record_end(tx, run, EventType.RUN_CANCELED, {"error": error} if by is None else {"error": error, "by": by})


def _record_end(tx: Connection, run: RunHead, event_type: EventType, payload: dict[str, JsonValue]) -> None:
    record_events(tx, project_id=run.project_id, run_id=run.id, recorded=[Event(event_type, payload)])
    deliver_run_end(tx, run.id, run.workflow_id, event_type)


def _describe_failures(tx: Connection, plan: Plan, run_id: str) -> str:
    failures = list_failures(tx, run_id)
    if len(failures) == 1 and _is_end(plan, failures[0].address):
        return failures[0].error  # the author's own words
    return "; ".join(f"{_name_step(plan, failure.address)}: {failure.error}" for failure in failures)


def _name_step(plan: Plan, address: Address) -> str:
    """The step as a person knows it: `Draft`, round 2, item 3."""
    node = _find(plan, address)
    places = [describe for frame in address.path if (describe := _describe_frame(frame))]
    return ", ".join((f"`{node.title if node else address.node_id}`", *places))


def _describe_frame(frame: Frame) -> str:
    match frame:
        case Item(position):
            return f"item {position}"
        case Round(number):
            return f"round {number}"
        case Call(node_id):
            return f"in `{node_id}`"


def _find(plan: Plan, address: Address) -> GraphNode | None:
    key = plan.scopes.find(address)
    return None if key is None else plan.graph.nodes[key]


def _is_end(plan: Plan, address: Address) -> bool:
    node = _find(plan, address)
    return node is not None and node.copy is None and node.spec.place is Place.END
