"""Resuming: the launch of what stands behind steps that have waited."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import dagster as dg

from agentmesh_dagster.control.dagster_internals import DagsterRunAlreadyExists, create_execution_plan
from agentmesh_dagster.control.dagster_run import select_assets
from agentmesh_dagster.control.inherited_tags import inherit_tags, read_default_retries
from agentmesh_dagster.control.launch import PreparedLaunch, find_origins
from agentmesh_dagster.control.pinning import build_load_data
from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.graph.plan import Plan, PlannedOp
from agentmesh_dagster.graph.progress import Progress, RunState, StepState
from agentmesh_dagster.graph.regions import Region
from agentmesh_dagster.graph.scopes import list_items
from agentmesh_dagster.runtime.plans import load_pinned_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.unbegun import find_due
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.launches import Launch, LaunchKind, insert_launch, list_launches, mark_launch_submitted
from agentmesh_dagster.store.materializations import find_materialization
from agentmesh_dagster.store.run_limits import is_queued
from agentmesh_dagster.store.runs import RunHead, get_run, get_run_head, lock_run
from agentmesh_dagster.store.steps import read_states
from agentmesh_dagster.store.waits import has_untaken_wait, take_ended_waits
from agentmesh_dagster.translator.asset_facts import ASSET_JOB, write_asset_tags
from agentmesh_dagster.translator.build_job import build_job_once
from agentmesh_dagster.translator.dagster_runs import build_run_config, read_instance_id, write_op_key
from agentmesh_dagster.translator.materialize import list_makers

_NAMESPACE = uuid.UUID("c8a4f1d2-0f5e-5d0b-8f3a-2b7f9d6e4a11")
_PARENT_TAG, _ROOT_TAG = "dagster/parent_run_id", "dagster/root_run_id"


def resume_run(services: Services, instance: dg.DagsterInstance, run_id: str) -> PreparedLaunch | None:
    """Prepares the launch of what may run of a run that was waiting; None when there is nothing to launch now.

    That is so while another launch of the run lives: answers that arrive meanwhile go together into the next. Safe
    to call at any time, by anybody, also by several at once: the launch's id follows from the run and the number
    of launches before it, so that a second try finds the first.
    """
    instance_id = read_instance_id(instance)
    with services.store.read() as connection:
        known, makes = get_run(connection, run_id), find_materialization(connection, run_id)
    if known.status.is_end:
        return None
    plan = load_pinned_plan(services.store, known.workflow_id, known.revision)  # a run never changes what it runs
    with services.store.read() as connection:  # a run that waits for a thousand others is asked at the end of each
        if _find_next(connection, plan, get_run_head(connection, run_id), instance_id) is None:
            return None
    with services.store.begin() as tx:
        run = lock_run(tx, run_id)
        following = _find_next(tx, plan, run, instance_id)
        if following is None:
            return None
        launch = following.begun or insert_launch(
            tx,
            name_next_launch(run_id, following.launched),
            run_id,
            LaunchKind.RESUME if following.is_resume else LaunchKind.AGAIN,
            run.revision,
            instance_id=instance_id,
            is_submitted=False,
            retried_by=None if following.is_resume else following.before[-1].retried_by,
        )
        waited = take_ended_waits(tx, run_id, launch.id)
    crash_point(CrashPoint.RESUME_STORED)
    step_keys = select_steps(plan, following.states, waited)
    # The first launch may be a step of somebody's run, which tells what was made: those that follow tell it themselves.
    job_name = ASSET_JOB if makes else run.job_name
    parent = next(one.id for one in reversed(following.before) if one.position < launch.position)
    if not instance.has_run(launch.id):
        with suppress(DagsterRunAlreadyExists):  # somebody else resumes it at the same moment
            _create_in_dagster(services, instance, plan, launch, job_name, parent, step_keys)
    crash_point(CrashPoint.RESUME_IN_DAGSTER)
    with services.store.begin() as tx:
        is_ours = mark_launch_submitted(tx, launch.id)
    crash_point(CrashPoint.RESUME_SUBMITTED)
    if not is_ours:
        return None
    return PreparedLaunch(launch.id, run_id, job_name, run.revision)


@dataclass(frozen=True)
class _Next:
    """The launch that a run goes on with now."""

    launched: Sequence[Launch]  # all of the run so far
    states: Mapping[Address, StepState]
    begun: Launch | None = None  # whoever began it died before Dagster had it
    is_resume: bool = True  # False: it does once more what another one was to do

    @property
    def before(self) -> Sequence[Launch]:
        """Those that have done, or were to do, some of the run's work."""
        return _leave_out_joined(self.launched)


def _leave_out_joined(launched: Sequence[Launch]) -> Sequence[Launch]:
    return [launch for launch in launched if launch.kind is not LaunchKind.JOINED]


def _find_next(connection: Connection, plan: Plan, run: RunHead, instance_id: str) -> _Next | None:
    """None: there is nothing to launch now."""
    launched = list_launches(connection, run.id)
    before = _leave_out_joined(launched)
    if run.status.is_end or is_queued(connection, run.id):
        return None
    if before[0].instance_id != instance_id:
        return None  # the run is another instance's: there its launches are seen, and its worker would run
    live = [launch for launch in before if launch.is_live]
    if any(launch.submitted_at is not None for launch in live):
        return None
    if live:
        is_ours = live[0].kind in (LaunchKind.RESUME, LaunchKind.AGAIN)
        return _Next(launched, read_states(connection, run.id), live[0]) if is_ours else None
    due = find_due(connection, before)
    had_no_place = run.status is RunStatus.PENDING and before[-1].parked_at is not None
    has_to = due is not None or had_no_place or has_untaken_wait(connection, run.id)
    if not has_to or (due is not None and now(connection) < due):
        return None
    states = read_states(connection, run.id)
    if not _is_active(plan, states):
        return None
    return _Next(launched, states, is_resume=due is None and not had_no_place)


def is_kept_elsewhere(services: Services, instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether another Dagster instance launched the run: that one goes on with it, and its sensor sees to that."""
    with services.store.read() as connection:
        return list_launches(connection, run_id)[0].instance_id != read_instance_id(instance)


def name_next_launch(run_id: str, before: Collection[Launch]) -> str:
    """The id of the launch that follows these: the same for whoever makes it."""
    return str(uuid.uuid5(_NAMESPACE, f"{run_id}:{len(before)}"))


def _is_active(plan: Plan, states: Mapping[Address, StepState]) -> bool:
    return Progress(plan, states).read_run_state() is RunState.ACTIVE


def submit_resume(services: Services, instance: dg.DagsterInstance, run_id: str) -> str | None:
    """Resumes a run through Dagster's queue; the id of the launch, or None when there is nothing to launch now."""
    launch = resume_run(services, instance, run_id)
    if launch is None:
        return None
    submit_prepared(instance, launch.launch_id)
    return launch.launch_id


def submit_prepared(instance: dg.DagsterInstance, launch_id: str) -> None:
    """Puts a launch that was prepared into Dagster's queue, if it is not there yet."""
    dagster_run = instance.get_run_by_id(launch_id)
    if dagster_run is not None and dagster_run.status is dg.DagsterRunStatus.NOT_STARTED:
        # The queue needs no workspace: so a sensor can do it.
        instance.submit_run(launch_id, workspace=None)  # pyright: ignore[reportArgumentType]


def select_steps(plan: Plan, states: Mapping[Address, StepState], waited: Collection[Address]) -> list[str]:
    """The step keys of a resume: the steps that have waited, and all that has not ended.

    Gates that were rejected, or expired, are among them: nobody is asked twice, and so Dagster sees them fail.
    """
    took_part = {plan.key_of(step) for step in waited}
    left = {
        region.each
        for region in plan.scopes.by_head.values()
        if not _has_ended(plan, region, states) or not took_part.isdisjoint(region.body)
    }
    chosen = (op for op in plan.ops if _is_left(plan, op, states, left) or _has_waited(plan, op, states, waited))
    return [write_op_key(op) for op in chosen]


def _has_waited(plan: Plan, op: PlannedOp, states: Mapping[Address, StepState], waited: Collection[Address]) -> bool:
    if op.each is not None:
        return False  # with its `each`
    step = plan.scopes.locate(op.node.id)
    state = states.get(step)
    has_failed = state is not None and state.has_failed
    return any(step.covers(other) for other in waited) or (op.node.waits and has_failed)


def _is_left(plan: Plan, op: PlannedOp, states: Mapping[Address, StepState], left: Collection[str]) -> bool:
    """Whether something of the op has not ended; an `each` with all that it repeats counts as one: which of its items
    go on, it says itself.
    """
    if op.each is not None or op.node.is_each:
        return (op.each or op.node.id) in left
    state = states.get(plan.scopes.locate(op.node.id))
    return state is None or not state.status.is_end


def _has_ended(plan: Plan, region: Region, states: Mapping[Address, StepState]) -> bool:
    """Whether an `each`, and every step of every item of it, has ended."""
    each = states.get(plan.scopes.locate(region.each))
    if each is None or not each.status.is_end:
        return False
    items = list_items((), each.item_count or 0)
    steps = (plan.scopes.locate(node_id, inside) for node_id in region.body for inside in items)
    return all((state := states.get(step)) is not None and state.status.is_end for step in steps)


def _create_in_dagster(
    services: Services,
    instance: dg.DagsterInstance,
    plan: Plan,
    launch: Launch,
    job_name: str,
    parent_id: str,
    step_keys: list[str],
) -> None:
    """A Dagster re-execution in the run's group, pinned to the run's revision."""
    with services.store.read() as connection:
        run_input, makes = get_run(connection, launch.run_id).input, find_materialization(connection, launch.run_id)
    parent = instance.get_run_by_id(parent_id)
    first = instance.get_run_by_id(launch.run_id) or parent
    job = build_job_once(plan, job_name, services)
    run_config = build_run_config(plan, run_input, log_level=services.settings.console_log_level)
    load_data = build_load_data(launch.revision)
    # Where the first launch ran, so does this: also from somebody's own project, with a store of its own.
    origins = find_origins(instance, job_name, plan.workflow.id, near=first and first.run_id)
    retries = read_default_retries(instance)
    tags = dict[str, str]() if parent is None else inherit_tags(parent, instance_retries=retries)
    instance.create_run_for_job(
        job_def=job,
        execution_plan=create_execution_plan(
            job,
            run_config=run_config,
            step_keys_to_execute=[*step_keys, *list_makers(job)],
            repository_load_data=load_data,
        ),
        asset_selection=select_assets(job),
        run_id=launch.id,
        run_config=run_config,
        parent_run_id=parent_id,
        root_run_id=launch.run_id,
        tags={
            **job.tags,
            **tags,
            **(write_asset_tags(makes.asked) if makes else {}),
            _PARENT_TAG: parent_id,
            _ROOT_TAG: launch.run_id,
        },
        repository_load_data=load_data,
        **origins,
    )
