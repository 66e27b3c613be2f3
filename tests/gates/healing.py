"""What becomes of a world in which the faults have stopped."""

from typing import Any

from agentmesh_dagster.entities.models import RunStatus
from tests.gates.deeds import Deed
from tests.gates.fates import check_rest
from tests.gates.ledger import Picture, Violation
from tests.gates.world import World

_MOST_TICKS = 25


def heal(world: World) -> dict[str, Picture]:
    """Time passes, the sensor ticks and Dagster works until nothing changes any more; raises Violation."""
    before = None
    for _ in range(_MOST_TICKS):
        world.act(Deed("time_passes"))
        world.act(Deed("tick"))
        while world.has_work():
            world.act(Deed("finish"))
        pictures = world.check()
        if (after := _tell_rest(pictures)) == before:
            break
        before = after
    else:
        raise Violation("it does not come to rest")
    for run_id, picture in pictures.items():
        check_rest(world, picture, world.fates[run_id])
    return pictures


def end_all(world: World) -> None:
    """Heals, answers what still waits, one gate at a time, and so on until every run has ended."""
    while any(picture.status is RunStatus.RUNNING for picture in heal(world).values()):
        first = _list_open(world)[0]
        place = world.list_gates().index(first)
        for how in ("approve", "reject"):  # a gate whose edges all ask for a no does not take a yes
            world.act(Deed("answer_and_resume", place, how))
            if first not in _list_open(world):
                break
        else:
            raise Violation(f"gate {place} takes neither a yes nor a no")


def _list_open(world: World) -> list[str]:
    return world.list_gates(lambda gate: gate.state == "open")


def _tell_rest(pictures: dict[str, Picture]) -> Any:
    """What does not change any more once the world is at rest."""
    return [
        (
            picture.status,
            {name: step.status for name, step in picture.steps.items()},
            [(launch.position, launch.parked_at, launch.ended_at is None) for launch in picture.launches],
        )
        for picture in pictures.values()
    ]
