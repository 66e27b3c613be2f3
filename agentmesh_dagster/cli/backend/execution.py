"""Executing runs in this process, with a live view."""

import time
from contextlib import suppress

import dagster as dg
from rich.console import Console

from agentmesh_dagster.cli.identity import name_user
from agentmesh_dagster.cli.output.progress import show_progress
from agentmesh_dagster.cli.output.terminal import own_terminal
from agentmesh_dagster.control.cancel import RunIsOver, cancel_run
from agentmesh_dagster.control.daemons import has_daemon
from agentmesh_dagster.control.decision_reports import DecisionReports
from agentmesh_dagster.control.fork import prepare_fork
from agentmesh_dagster.control.in_place import execute_launch, execute_parents
from agentmesh_dagster.control.instance import open_instance
from agentmesh_dagster.control.launch import UnfitInput, prepare_launch, read_new_run
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.resume import is_kept_elsewhere, resume_run, submit_prepared, submit_resume
from agentmesh_dagster.control.retry import retry_run
from agentmesh_dagster.entities.json_values import write_json
from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.runtime.plans import load_pinned_plan, load_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.gates import StoredGate
from agentmesh_dagster.store.runs import get_run, get_run_head
from agentmesh_dagster.translator.launchpad import read_default_input
from agentmesh_dagster.wire import NewFork, NewRun

_PAUSE_SECONDS = 0.5


def launch_here(services: Services, workflow: Workflow, wanted: NewRun, console: Console) -> tuple[str, bool]:
    """The run's id, and whether it was left to its end. Raises as `prepare_launch` does."""
    run_input, makes = read_new_run(wanted)
    with open_instance(services.settings) as instance:
        try:
            launch = prepare_launch(
                services, instance, workflow, run_input, launched_by=f"cli: {name_user()}", makes=makes
            )
        except UnfitInput as fault:
            example = write_json(read_default_input(workflow.input_schema))
            fault.add_note(f"An input of this shape fits: --input '{example}'")
            raise
        plan = load_plan(services.store, workflow.id, launch.revision)
        with own_terminal(console) as own, show_progress(own, services.store, plan, launch.run_id):
            has_ended = execute_launch(services, instance, launch, by=name_user())
    return launch.run_id, has_ended


def retry_here(services: Services, run_id: str, console: Console) -> tuple[bool, bool]:
    """Continues a failed run: whether nobody interrupted it, and whether a daemon does it instead.

    Raises as `retry_run` does.
    """
    has_ended, is_handed_over = True, False
    with open_instance(services.settings) as instance:
        launch = retry_run(services, instance, run_id, by=name_user())
        if has_daemon(instance):
            submit_prepared(instance, launch.launch_id)
            is_handed_over = True
        else:
            with services.store.read() as connection:
                run = get_run_head(connection, run_id)
            plan = load_pinned_plan(services.store, run.workflow_id, run.revision)
            with own_terminal(console) as own, show_progress(own, services.store, plan, run_id):
                has_ended = execute_launch(services, instance, launch, by=name_user())
        reconcile_run(services, instance, run_id)
    return has_ended, is_handed_over


def fork_here(
    services: Services, run_id: str, wanted: NewFork, console: Console, *, waits: bool
) -> tuple[str, bool, bool]:
    """The new run's id, whether nobody interrupted it, and whether a daemon executes it from here on.

    Raises as `prepare_fork` does.
    """
    has_ended, is_handed_over = True, False
    with open_instance(services.settings) as instance:
        launch = prepare_fork(services, instance, run_id, wanted, by=name_user(), launched_by=f"cli: {name_user()}")
        with services.store.read() as connection:
            run = get_run_head(connection, launch.run_id)
        plan = load_pinned_plan(services.store, run.workflow_id, run.revision)
        if has_daemon(instance):
            submit_prepared(instance, launch.launch_id)
            is_handed_over = not waits
            if waits:
                with own_terminal(console) as own, show_progress(own, services.store, plan, launch.run_id):
                    has_ended = _wait_for(services, instance, launch.run_id)
        else:
            with own_terminal(console) as own, show_progress(own, services.store, plan, launch.run_id):
                has_ended = execute_launch(services, instance, launch, by=name_user())
        reconcile_run(services, instance, launch.run_id)
    return launch.run_id, has_ended, is_handed_over


def _wait_for(services: Services, instance: dg.DagsterInstance, run_id: str) -> bool:
    """Until a run that a daemon executes has ended, or a step of it waits; False: interrupted, and the run canceled."""
    try:
        while True:
            reconcile_run(services, instance, run_id)
            with services.store.read() as connection:
                run = get_run(connection, run_id)
            if run.status.is_end or run.waiting_on:
                return True
            time.sleep(_PAUSE_SECONDS)
    except KeyboardInterrupt:
        with suppress(RunIsOver):
            cancel_run(services, instance, run_id, by=name_user())
        return False


def continue_here(services: Services, gate: StoredGate, console: Console) -> tuple[bool, bool]:
    """Goes on behind an answered gate: whether nobody interrupted it, and whether a daemon does it instead."""
    has_ended, is_handed_over = True, False
    with open_instance(services.settings) as instance:
        if is_kept_elsewhere(services, instance, gate.run_id):
            return True, True
        if has_daemon(instance):
            is_handed_over = submit_resume(services, instance, gate.run_id) is not None
        else:
            if (launch := resume_run(services, instance, gate.run_id)) is not None:
                plan = load_plan(services.store, gate.workflow_id, gate.revision)
                with own_terminal(console) as own, show_progress(own, services.store, plan, gate.run_id):
                    has_ended = execute_launch(services, instance, launch, by=name_user())
            has_ended = has_ended and execute_parents(services, instance, gate.run_id, by=name_user())
        reconcile_run(services, instance, gate.run_id)
        if gate.answered_at is not None:
            DecisionReports().report(services, instance, gate.answered_at)
    return has_ended, is_handed_over
