"""Children: the runs that steps wait for are started, and their ends followed up.

What is to be done stands in the store; a worker does it at once where it can, and the web server and the sensor find
what was left. All of it is safe to call at any time, by anybody, also by several at once.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

import dagster as dg

from agentmesh_dagster.control.cancel import RunIsOver, cancel_run, stop_launches
from agentmesh_dagster.control.daemons import has_daemon
from agentmesh_dagster.control.first_launch import create_first_launch
from agentmesh_dagster.control.launch import PreparedLaunch
from agentmesh_dagster.control.resume import submit_prepared, submit_resume
from agentmesh_dagster.control.retry import NothingToRetry, retry_run
from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.runtime.children import begin_child, end_child, refuse_child
from agentmesh_dagster.runtime.places import RunLimitReached
from agentmesh_dagster.runtime.plans import WorkflowHasFaults, load_pinned_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import BrokenDocument, get_job_name
from agentmesh_dagster.store.children import (
    AbandonedRun,
    Child,
    ChildState,
    find_child,
    find_step_of_child,
    list_abandoned_runs,
    list_due_children,
    list_ended_children,
)
from agentmesh_dagster.store.launches import list_launches
from agentmesh_dagster.store.runs import RunHead, RunNotFound, get_run_head
from agentmesh_dagster.translator.asset_facts import ASSET_JOB
from agentmesh_dagster.translator.dagster_runs import read_instance_id
from agentmesh_dagster.translator.suspension import close_suspended


def start_child(services: Services, instance: dg.DagsterInstance, child: Child) -> PreparedLaunch | None:
    """Prepares the launch of a child that is due; None when somebody else does, or another instance has its parent.

    A child that had failed goes on from there. One that may not be started fails its step.
    """
    with services.store.read() as connection:
        parent = get_run_head(connection, child.run_id)
        instance_id = list_launches(connection, child.run_id)[0].instance_id
        try:
            status = get_run_head(connection, child.child_run_id).status
        except RunNotFound:
            status = None
    if instance_id != read_instance_id(instance):
        return None  # there its launches are seen
    plan = load_pinned_plan(services.store, parent.workflow_id, parent.revision)
    workflow = plan.workflows[child.workflow_id]
    # Both are jobs of the same code location, and have its prefix; jobs in their asset form are ours alone.
    own = ASSET_JOB if parent.job_name == ASSET_JOB else get_job_name(services.store, plan.workflow)
    prefix = parent.job_name.removesuffix(own)
    job_name = prefix + get_job_name(services.store, workflow)
    try:
        if status is None:
            return _start_new(services, instance, child, job_name, parent)
        return _go_on_with(services, instance, child, job_name, status)
    except (RunLimitReached, WorkflowHasFaults, BrokenDocument) as fault:
        refuse_child(services, child, str(fault))
        return None


def _start_new(
    services: Services, instance: dg.DagsterInstance, child: Child, job_name: str, parent: RunHead
) -> PreparedLaunch | None:
    load_pinned_plan(services.store, child.workflow_id, parent.revision)  # one that cannot be read is not begun
    place = begin_child(services, child, job_name, read_instance_id(instance), has_run=False)
    if place is None:
        return None
    for canceled in place.canceled:
        stop_launches(services, instance, canceled)
    with services.store.read() as connection:
        head = get_run_head(connection, child.child_run_id)
    prepared = PreparedLaunch(head.id, head.id, head.job_name, head.revision, is_queued=place.is_queued)
    if place.is_queued:
        return prepared
    return prepared if create_first_launch(services, instance, head.id) else None


def _go_on_with(
    services: Services, instance: dg.DagsterInstance, child: Child, job_name: str, status: RunStatus
) -> PreparedLaunch | None:
    launch = None
    if status is RunStatus.FAILED:
        with suppress(NothingToRetry):  # somebody else goes on with it
            launch = retry_run(services, instance, child.child_run_id, by=f"run: {child.run_id}")
    begin_child(services, child, job_name, read_instance_id(instance), has_run=True)
    return launch


def submit_child(services: Services, instance: dg.DagsterInstance, child: Child) -> bool:
    """Starts a child that is due, through Dagster's queue; whether it was started here."""
    launch = start_child(services, instance, child)
    if launch is not None and not launch.is_queued:
        submit_prepared(instance, launch.launch_id)
    return launch is not None


def start_awaited(services: Services, instance: dg.DagsterInstance, step_id: str) -> None:
    """A step waits for a run: it is started, if its turn has come.

    Where no daemon is at work nobody would take it from the queue: it is left to whoever executes its parent.
    """
    with services.store.read() as connection:
        child = find_child(connection, step_id)
    if child is not None and child.state is ChildState.DUE and has_daemon(instance):
        submit_child(services, instance, child)


def follow_run(services: Services, instance: dg.DagsterInstance, run_id: str) -> None:
    """A launch of a run has done its work: what waits for the run, or what the run waits for, goes on."""
    with services.store.read() as connection:
        awaited = find_step_of_child(connection, run_id)
        ended = list_ended_children(connection, run_id)
    for child in ended:
        end_child(services, child)
    has_ended = awaited is not None and end_child(services, awaited)
    for changed in dict.fromkeys([*([run_id] if ended else ()), *([awaited.run_id] if awaited and has_ended else ())]):
        _go_on(services, instance, changed)


def _go_on(services: Services, instance: dg.DagsterInstance, run_id: str) -> None:
    """A run of which a step has ended goes on, as do the children whose turn has come; or it has ended with it."""
    if has_daemon(instance):
        with services.store.read() as connection:
            due = list_due_children(connection, run_id)
        for child in due:
            submit_child(services, instance, child)
        submit_resume(services, instance, run_id)
    if close_suspended(services, instance, run_id):
        follow_run(services, instance, run_id)


class OfRun(Protocol):
    @property
    def run_id(self) -> str: ...


Thing = TypeVar("Thing", bound=OfRun)


class DoAll(Protocol):
    """Does the same for several things, up to that share of the time there is; those for which it gave something true.

    What goes wrong with one does not hold up the others.
    """

    def __call__(self, things: Sequence[Thing], deed: Callable[[Thing], object], *, until: float) -> list[Thing]: ...


@dataclass(frozen=True)
class Tended:
    run_ids: list[str]  # of the runs that may go on now, since what a step of theirs waited for has ended
    started: list[Child]


def tend_children(services: Services, instance: dg.DagsterInstance, do_all: DoAll) -> Tended:
    """Follows up what has ended, cancels what nobody waits for any more, and starts what is due."""
    with services.store.read() as connection:
        ended, abandoned = list_ended_children(connection), list_abandoned_runs(connection)
    followed = do_all(ended, lambda child: end_child(services, child), until=0.65)
    do_all(followed, lambda child: close_suspended(services, instance, child.run_id), until=0.65)
    do_all(abandoned, lambda run: _cancel_abandoned(services, instance, run), until=0.7)
    with services.store.read() as connection:
        due = list_due_children(connection)
    started = do_all(due, lambda child: submit_child(services, instance, child), until=0.8)
    return Tended(list(dict.fromkeys(child.run_id for child in followed)), started)


def do_all_in_silence(things: Sequence[Thing], deed: Callable[[Thing], object], *, until: float) -> list[Thing]:  # noqa: ARG001 there is time for all
    """What goes wrong is left to the sensor, which tells it."""
    done: list[Thing] = []
    for thing in things:
        with suppress(AgentMeshError, dg.DagsterError):
            if deed(thing):
                done.append(thing)
    return done


def _cancel_abandoned(services: Services, instance: dg.DagsterInstance, run: AbandonedRun) -> bool:
    try:
        cancel_run(services, instance, run.child_run_id, by=f"run: {run.run_id}")
    except RunIsOver:
        return False  # it has ended meanwhile
    return True
