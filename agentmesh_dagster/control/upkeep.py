"""Upkeep: what the sensor does at each tick, derived from the store alone, in pages that fit into a tick."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import dagster as dg

from agentmesh_dagster.control.reconcile import adopt_launches, reconcile_run
from agentmesh_dagster.control.resume import submit_resume
from agentmesh_dagster.runtime.answers import GateClosed, expire_gate
from agentmesh_dagster.runtime.notices import send_notice
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.gates import Gate, list_due_gates, list_due_notices, list_runs_to_resume
from agentmesh_dagster.store.runs import Launch, list_parked_launches, list_unsettled_run_ids
from agentmesh_dagster.translator.dagster_runs import read_instance_id

_TICK_SECONDS = 40.0  # Dagster gives a tick 60
_IDS_AT_ONCE = 500

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Upkeep:
    """What one tick found and did."""

    adopted: int = 0
    expired: list[str] = field(default_factory=list[str])  # step ids
    settled: list[str] = field(default_factory=list[str])  # run ids
    resumed: list[str] = field(default_factory=list[str])  # run ids
    waiting: int = 0  # runs that wait for a person
    notified: int = 0  # webhooks told of a gate


def keep_up(services: Services, instance: dg.DagsterInstance) -> Upkeep:
    """Settles what nobody else has: dead workers, deadlines, answers that no launch followed."""
    deadline = time.monotonic() + _TICK_SECONDS
    instance_id = read_instance_id(instance)
    adopted = adopt_launches(services, instance)
    with services.store.read() as connection:
        due = list_due_gates(connection)
        unsettled = list_unsettled_run_ids(connection, instance_id)
        parked = list_parked_launches(connection, instance_id)
    expired = _do_in_time(due, lambda gate: _expire(services, gate), deadline)
    given_up = _find_given_up(instance, parked)
    settled = _do_in_time(
        dict.fromkeys([*unsettled, *given_up]), lambda run_id: reconcile_run(services, instance, run_id), deadline
    )
    with services.store.read() as connection:
        answered = list_runs_to_resume(connection)
        notices = list_due_notices(connection)
    resumed = _do_in_time(answered, lambda run_id: submit_resume(services, instance, run_id), deadline)
    # Last: somebody else's server must not hold up what is ours.
    notified = _do_in_time(notices, lambda gate: send_notice(services, gate), deadline)
    return Upkeep(
        adopted, [gate.step_id for gate in expired], settled, resumed, len(parked) - len(resumed), len(notified)
    )


def _do_in_time(things: Iterable[Thing], do: Callable[[Thing], object], deadline: float) -> list[Thing]:
    """The things for which `do` gave something true; what there was no time for is found again at the next tick."""
    done: list[Thing] = []
    for thing in things:
        if time.monotonic() > deadline:
            break
        if do(thing):
            done.append(thing)
    return done


def _expire(services: Services, gate: Gate) -> bool:
    try:
        expire_gate(services, gate)
    except GateClosed:
        return False  # an answer came first
    return True


def _find_given_up(instance: dg.DagsterInstance, parked: Sequence[Launch]) -> list[str]:
    """The runs whose suspended launch somebody has canceled or deleted in Dagster."""
    run_ids = {launch.id: launch.run_id for launch in parked}
    launch_ids = list(run_ids)
    given_up: list[str] = []
    for start in range(0, len(launch_ids), _IDS_AT_ONCE):
        page = launch_ids[start : start + _IDS_AT_ONCE]
        suspended = dg.RunsFilter(run_ids=page, statuses=[dg.DagsterRunStatus.SUSPENDED])
        standing = set(instance.get_run_ids(suspended))
        given_up += [run_ids[launch_id] for launch_id in page if launch_id not in standing]
    return given_up
