"""What became of a run once no fault happens any more, held against the model."""

from dataclasses import dataclass
from typing import Any

import dagster as dg

from agentmesh_dagster.entities.models import RunStatus
from tests.gates.journal import LOST, Snapshot, Violation
from tests.gates.model import Model
from tests.gates.recorder import CALLS

_WORDS = {"done": "succeeded", "asked": "waiting_human"}


@dataclass
class Interference:
    """What was done to a run from outside, which its end may show."""

    run_input: Any
    is_given_up: bool = False  # somebody canceled or deleted one of its launches in Dagster
    has_lost_worker: bool = False
    retries: int = 0  # tried, at the most so many were made
    twins: int = 0  # workers that were started on a launch whose worker still lived


def check_rest(system: Any, snapshot: Snapshot, interference: Interference) -> None:
    """What holds of a run once the system is at rest; raises Violation."""
    _check_dagster(system.instance, snapshot)
    if snapshot.status is RunStatus.CANCELED:
        if not interference.is_given_up:
            raise Violation("the run is canceled, and nobody did that")
        return
    lost = {
        node_id
        for node_id, step in snapshot.steps.items()
        if step.status == "failed" and str(step.error).startswith(LOST)
    }
    if lost and not interference.has_lost_worker:
        raise Violation(f"{sorted(lost)} were given up, and their worker lived")
    model = Model(system.flow, interference.run_input, snapshot.given, lost)
    _check_steps(snapshot, model)
    if interference.has_lost_worker and snapshot.status is RunStatus.FAILED:
        return
    if snapshot.status is not model.status:
        raise Violation(
            f"the run is {snapshot.status.value} ({snapshot.run.error}), and should be {model.status.value};"
            f" steps: { ({name: step.status for name, step in snapshot.steps.items()}) }"
        )
    if snapshot.status is RunStatus.SUCCEEDED and snapshot.run.output != model.output:
        raise Violation(f"the run's output is {snapshot.run.output}, and should be {model.output}")
    if snapshot.status is RunStatus.SUCCEEDED or not interference.has_lost_worker:
        _check_completeness(system, snapshot, model)


def _check_steps(snapshot: Snapshot, model: Model) -> None:
    """What there is of steps is what the answers imply."""
    for node_id, step in snapshot.steps.items():
        end = model.ends[node_id]
        if step.status != _WORDS.get(end.state, end.state):
            raise Violation(f"`{node_id}` is {step.status} ({step.error}), and should be {end.state}")
        if step.status == "succeeded" and step.output != end.output:
            raise Violation(f"`{node_id}` gave {step.output}, and should give {end.output}")
        if step.status != "skipped" and step.input != end.saw:
            raise Violation(f"`{node_id}` saw {step.input}, and should see {end.saw}")


def _check_completeness(system: Any, snapshot: Snapshot, model: Model) -> None:
    there = set(snapshot.steps)
    wanted = {node_id for node_id, end in model.ends.items() if end.state != "blocked"}
    if there != wanted:
        raise Violation(f"steps are missing: {sorted(wanted - there)}; too many: {sorted(there - wanted)}")
    ids = {step.id for step in snapshot.steps.values()}
    called = {call.what: call.saw for call in CALLS if call.key in ids}
    types = {node.id: node.type for node in system.flow.graph.nodes}
    ran = ("done", "failed")
    expected = {
        node_id: end.saw for node_id, end in model.ends.items() if types[node_id] == "tool" and end.state in ran
    }
    if called != expected:
        raise Violation(f"called were {called}, and should be {expected}")


def _check_dagster(instance: Any, snapshot: Snapshot) -> None:
    """Dagster and the store agree on which launches are over."""
    waits = snapshot.status is RunStatus.RUNNING
    for launch in snapshot.launches:
        dagster_run = instance.get_run_by_id(launch.launch_id)
        says = dagster_run.status if dagster_run else None
        if launch.ended_at is not None and dagster_run and not dagster_run.is_finished:
            raise Violation(f"launch {launch.position} has ended, and Dagster says {says}")
        if launch.ended_at is None and not (waits and says is dg.DagsterRunStatus.SUSPENDED):
            raise Violation(
                f"launch {launch.position} of a run that is {snapshot.status.value} is open, and Dagster says {says}"
            )
