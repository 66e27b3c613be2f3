"""What becomes of a system in which the faults have stopped."""

from typing import Any

from agentmesh_dagster.entities.models import RunStatus
from tests.gates.actions import Action
from tests.gates.journal import Snapshot, Violation
from tests.gates.outcomes import check_rest
from tests.gates.system import System

_MOST_TICKS = 25


def heal(system: System) -> dict[str, Snapshot]:
    """Time passes, the sensor ticks and Dagster works until nothing changes any more; raises Violation."""
    before = None
    for _ in range(_MOST_TICKS):
        system.act(Action("time_passes"))
        system.act(Action("tick"))
        while system.has_work():
            system.act(Action("finish"))
        snapshots = system.check()
        if (after := _describe_rest(snapshots)) == before:
            break
        before = after
    else:
        raise Violation("it does not come to rest")
    for run_id, snapshot in snapshots.items():
        check_rest(system, snapshot, system.interferences[run_id])
    return snapshots


def end_all(system: System) -> None:
    """Heals, answers what still waits, one gate at a time, and so on until every run has ended."""
    while any(snapshot.status is RunStatus.RUNNING for snapshot in heal(system).values()):
        first = _list_open(system)[0]
        place = system.list_gates().index(first)
        for how in ("approve", "reject"):  # a gate whose edges all ask for a no does not take a yes
            system.act(Action("answer_and_resume", place, how))
            if first not in _list_open(system):
                break
        else:
            raise Violation(f"gate {place} takes neither a yes nor a no")


def _list_open(system: System) -> list[str]:
    return system.list_gates(lambda gate: gate.state == "open")


def _describe_rest(snapshots: dict[str, Snapshot]) -> Any:
    """What does not change any more once the system is at rest."""
    return [
        (
            snapshot.status,
            {name: step.status for name, step in snapshot.steps.items()},
            [(launch.position, launch.parked_at, launch.ended_at is None) for launch in snapshot.launches],
        )
        for snapshot in snapshots.values()
    ]
