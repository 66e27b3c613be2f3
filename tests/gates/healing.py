"""What becomes of a system in which the faults have stopped."""

from typing import Any

from agentmesh_dagster.entities.models import RunStatus
from tests.gates.actions import Action
from tests.gates.journal import Snapshot, Violation
from tests.gates.outcomes import check_rest
from tests.gates.system import System

_MOST_TICKS = 60  # of children that go on one after another
_MOST_ENDS = 200  # of what waits, one after another


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
    for snapshot in snapshots.values():
        check_rest(system, snapshot, snapshots)
    return snapshots


def end_all(system: System) -> None:
    """Heals, answers what still waits, and so on until every run has ended."""
    for _ in range(_MOST_ENDS):
        if all(snapshot.status is not RunStatus.RUNNING for snapshot in heal(system).values()):
            return
        if not _list_open(system):
            _let_all_arrive(system)
            continue
        for gate in _list_open(system):
            _answer(system, gate)
    raise Violation("a run does not end, whatever comes")


def _answer(system: System, gate: str) -> None:
    place = system.list_gates().index(gate)
    for how in ("approve", "reject"):  # a gate whose edges all ask for a no does not take a yes
        system.act(Action("answer", place, how))
        if gate not in _list_open(system):
            return
    raise Violation(f"gate {place} takes neither a yes nor a no")


def _let_all_arrive(system: System) -> None:
    """What waits for anything but a person is over, or comes."""
    waiting = len(system.list_waits(lambda wait: wait.kind != "child"))
    if not waiting:
        raise Violation("a run goes on, and waits for nothing")
    for place in range(system.count_callbacks()):
        system.act(Action("call_back", place))
    for place in range(waiting):
        system.act(Action("due", place))
    for _ in range(2 * waiting):  # some take only every second one
        system.act(Action("post"))


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
