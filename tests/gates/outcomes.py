"""What became of a run once no fault happens any more, held against the model."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

from agentmesh_dagster.entities.models import RunStatus
from tests.gates.graphs import Drawn
from tests.gates.journal import LOST, Snapshot, Violation
from tests.gates.model import Model
from tests.gates.nodes import Where, find_node, simplify
from tests.gates.recorder import CALLS

_WORDS = {"done": "succeeded", "asked": "waiting_human"}


@dataclass
class Interference:
    """What was done to a run from outside, which its end may show."""

    run_input: Any
    is_given_up: bool = False  # somebody canceled it, or canceled or deleted one of its launches in Dagster
    has_lost_worker: bool = False
    retries: int = 0  # tried, at the most so many were made
    twins: int = 0  # workers that were started on a launch whose worker still lived


def check_rest(system: Any, snapshot: Snapshot, snapshots: Mapping[str, Snapshot]) -> None:
    """What holds of a run once the system is at rest; raises Violation."""
    interference: Interference = system.interferences[snapshot.run.id]
    _check_dagster(system.instance, snapshot)
    _check_parent(snapshot, snapshots)
    if snapshot.status is RunStatus.CANCELED:
        if not interference.is_given_up and _is_awaited(snapshot, snapshots):
            raise Violation("the run is canceled, and nobody did that")
        return
    lost = {where for where, step in snapshot.steps.items() if str(step.error).startswith(LOST)}
    if lost and not interference.has_lost_worker:
        raise Violation(f"{sorted(lost)} were given up, and their worker lived")
    model = system.build_model(snapshot, lost)
    _check_steps(snapshot, model)
    _check_children(snapshot, snapshots, model)
    if interference.has_lost_worker and snapshot.status is RunStatus.FAILED:
        return
    if snapshot.status is not model.status:
        raise Violation(
            f"the run is {snapshot.status.value} ({snapshot.run.error}), and should be {model.status.value};"
            f" steps: { ({where: step.status for where, step in snapshot.steps.items()}) }"
        )
    if snapshot.status is RunStatus.SUCCEEDED and simplify(snapshot.run.output) != simplify(model.output):
        raise Violation(f"the run's output is {snapshot.run.output}, and should be {model.output}")
    if snapshot.status is RunStatus.SUCCEEDED or not interference.has_lost_worker:
        _check_completeness(snapshot, model, lost)


def check_turns(drawn: Drawn, snapshot: Snapshot) -> None:
    """Of the children of an `each` that lets one go on at once no more do, and none waits while nobody does."""
    going, queued = Counter[Where](), Counter[Where]()
    for where, child in snapshot.children.items():
        node, _ = find_node(flow_of(drawn, snapshot), drawn.flows, where)
        wait = snapshot.waits.get(where)
        if "concurrency" in node.config and wait is not None and wait.state == "open":
            around = Where(where.node_id, re.sub(r"\[\d+\]", "[]", where.path))
            (queued if child.state == "queued" else going)[around] += 1
    for around in going | queued:
        if going[around] != 1:
            raise Violation(f"{going[around]} children of {around} go on at once, and {queued[around]} wait")


def flow_of(drawn: Drawn, snapshot: Snapshot) -> Any:
    """The workflow of a run."""
    return drawn.flow if snapshot.run.workflow_id == drawn.flow.id else drawn.flows[snapshot.run.workflow_id]


def _check_steps(snapshot: Snapshot, model: Model) -> None:
    """What there is of steps is what the answers imply."""
    for where, step in snapshot.steps.items():
        end = model.ends.get(where)
        if end is None:
            raise Violation(f"{where} is {step.status}, and nothing leads there")
        if step.status != _WORDS.get(end.state, end.state):
            raise Violation(f"{where} is {step.status} ({step.error}), and should be {end.state}")
        if step.status == "failed" and (step.taken is not None) is not end.is_caught:
            raise Violation(
                f"{where} failed and took {step.taken}; it should{'' if end.is_caught else ' not'} be caught"
            )
        if step.status == "succeeded" and simplify(step.output) != simplify(end.output):
            raise Violation(f"{where} gave {step.output}, and should give {end.output}")
        if step.status not in ("skipped", "canceled") and simplify(step.input) != simplify(end.saw):
            raise Violation(f"{where} saw {step.input}, and should see {end.saw}")


def _check_children(snapshot: Snapshot, snapshots: Mapping[str, Snapshot], model: Model) -> None:
    """Each child got what its step says, and goes on for as long as that waits."""
    for where, child in snapshot.children.items():
        if child.input != model.child_inputs[where]:
            raise Violation(f"the child of {where} is for {child.input}, and should be for {model.child_inputs[where]}")
        of_child = snapshots.get(child.child_run_id)
        if of_child is not None and of_child.run.input != child.input:
            raise Violation(f"the child of {where} got {of_child.run.input}, and not {child.input}")
        waits = snapshot.steps[where].status == "waiting" and child.state != "queued"
        if waits and (of_child is None or of_child.status.is_end):
            raise Violation(f"{where} waits for a child that {'has ended' if of_child else 'nobody starts'}")


def _check_parent(snapshot: Snapshot, snapshots: Mapping[str, Snapshot]) -> None:
    if snapshot.run.parent_run_id is None or snapshot.status.is_end:
        return
    if not _is_awaited(snapshot, snapshots) and snapshot.count_starts() < 2:
        raise Violation("the run goes on, and nobody waits for it")


def _is_awaited(snapshot: Snapshot, snapshots: Mapping[str, Snapshot]) -> bool:
    """Whether a step waits for the run; also for one that is nobody's child."""
    if snapshot.run.parent_run_id is None:
        return True
    parent = snapshots[snapshot.run.parent_run_id]
    return any(
        child.child_run_id == snapshot.run.id and parent.steps[where].status == "waiting"
        for where, child in parent.children.items()
    )


def _check_completeness(snapshot: Snapshot, model: Model, lost: set[Where]) -> None:
    there = set(snapshot.steps)
    wanted = {where for where, end in model.ends.items() if end.state != "blocked"}
    if there != wanted:
        raise Violation(f"steps are missing: {sorted(wanted - there)}; too many: {sorted(there - wanted)}")
    ids = {step.id: where for where, step in snapshot.steps.items()}
    # A worker that was lost may have called before or not.
    called = {ids[call.key]: simplify(call.saw) for call in CALLS if call.key in ids and ids[call.key] not in lost}
    ran = ("done", "failed")
    expected = {
        where: simplify(end.saw)
        for where, end in model.ends.items()
        if where in there - lost and snapshot.steps[where].node_type == "tool" and end.state in ran
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
