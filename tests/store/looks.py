"""What people and sensors look at in a store, each once as code: for its figures and for the indexes it uses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.store.awaited_events import list_waits_to_look
from agentmesh_dagster.store.children import (
    find_step_of_child,
    list_abandoned_runs,
    list_due_children,
    list_ended_children,
    list_siblings,
)
from agentmesh_dagster.store.decisions import DecisionFilter, page_decisions
from agentmesh_dagster.store.events import page_audit, page_events, read_tails
from agentmesh_dagster.store.gates import (
    list_due_notices,
    list_open_gates,
    page_open_gates,
)
from agentmesh_dagster.store.launches import find_unknown_launches, list_launches, list_parked_launches
from agentmesh_dagster.store.overview import page_projects
from agentmesh_dagster.store.pages import write_cursor, write_moment
from agentmesh_dagster.store.runs import RunFilter, get_run, list_runs, list_unsettled_run_ids, page_runs
from agentmesh_dagster.store.steps import list_steps, page_steps
from agentmesh_dagster.store.triggers import Asker, list_due_deliveries
from agentmesh_dagster.store.waits import find_first_due, list_due_waits, list_runs_to_resume
from tests.store.history import INSTANCE, TRIGGER, PastRun

_PAGE = 50


@dataclass(frozen=True)
class Look:
    name: str
    read: Callable[[Connection, PastRun], Any]  # with a run in the middle of the history


def _runs(name: str, wanted: RunFilter) -> Sequence[Look]:
    return (
        Look(f"runs, {name}", lambda connection, _: page_runs(connection, wanted, limit=_PAGE)),
        Look(
            f"runs, {name}, page deep inside",
            lambda connection, middle: page_runs(connection, wanted, limit=_PAGE, cursor=_place(middle)),
        ),
    )


def _place(run: PastRun) -> str:
    return write_cursor((write_moment(run.created_at), run.id))


FAILED, ENDED_BADLY = (RunStatus.FAILED,), (RunStatus.FAILED, RunStatus.CANCELED)

LOOKS = (
    *_runs("all", RunFilter()),
    *_runs("of a project", RunFilter(project_id="project-1")),
    *_runs("of a workflow", RunFilter(workflow_id="flow-7")),
    *_runs("failed", RunFilter(statuses=FAILED)),
    *_runs("failed or canceled", RunFilter(statuses=ENDED_BADLY)),
    *_runs("pending (none)", RunFilter(statuses=(RunStatus.PENDING,))),
    *_runs("of a workflow, failed", RunFilter(workflow_id="flow-7", statuses=FAILED)),
    *_runs("of a workflow, failed or canceled", RunFilter(workflow_id="flow-7", statuses=ENDED_BADLY)),
    *_runs("of a project, canceled", RunFilter(project_id="project-1", statuses=(RunStatus.CANCELED,))),
    *_runs("that wait", RunFilter(waiting=True)),
    *_runs("that do not wait", RunFilter(waiting=False)),
    *_runs("for steps of one run", RunFilter(parent_run_id="run-7")),
    *_runs("of a project, that wait", RunFilter(project_id="project-1", waiting=True)),
    Look("CLI: runs", lambda connection, _: list_runs(connection)),
    Look("CLI: runs that wait", lambda connection, _: list_runs(connection, waiting=True)),
    Look("CLI: last run of a workflow", lambda connection, _: list_runs(connection, workflow_id="flow-7", limit=1)),
    Look("one run", lambda connection, middle: get_run(connection, middle.id)),
    Look("its launches", lambda connection, middle: list_launches(connection, middle.id)),
    Look("its steps", lambda connection, middle: list_steps(connection, middle.id)),
    Look("its steps, a page", lambda connection, middle: page_steps(connection, middle.id, limit=_PAGE)),
    Look("its events, a page", lambda connection, middle: page_events(connection, middle.id, after=0, limit=_PAGE)),
    Look("how far it has come", lambda connection, middle: read_tails(connection, [middle.id])),
    Look("gates, oldest first", lambda connection, _: list_open_gates(connection, _PAGE)),
    Look("gates, a page", lambda connection, _: page_open_gates(connection, limit=_PAGE)),
    Look(
        "gates of a project, a page",
        lambda connection, _: page_open_gates(connection, project_id="project-1", limit=_PAGE),
    ),
    Look("decisions, a page", lambda connection, _: page_decisions(connection, DecisionFilter(), limit=_PAGE)),
    Look(
        "decisions, page deep inside",
        lambda connection, middle: page_decisions(connection, DecisionFilter(), limit=_PAGE, cursor=_place(middle)),
    ),
    Look("overview of the projects", lambda connection, _: page_projects(connection, limit=_PAGE)),
    Look("who did what", lambda connection, _: page_audit(connection, limit=_PAGE)),
    Look(
        "who did what in a project",
        lambda connection, _: page_audit(connection, project_id="project-1", limit=_PAGE),
    ),
    Look("tick: waits whose time is over", lambda connection, _: list_due_waits(connection)),
    Look("tick: runs to start for steps", lambda connection, _: list_due_children(connection)),
    Look("tick: runs for steps that have ended", lambda connection, _: list_ended_children(connection)),
    Look("tick: runs that no step waits for any more", lambda connection, _: list_abandoned_runs(connection)),
    Look("the step that a run is for", lambda connection, middle: find_step_of_child(connection, middle.id)),
    Look(
        "runs that steps of a run wait for",
        lambda connection, middle: [*list_siblings(connection, middle.id, "call", is_queued=False)],
    ),
    Look("waits: the first that is over", lambda connection, _: find_first_due(connection)),
    Look("waits: events to look at", lambda connection, _: list_waits_to_look(connection)),
    Look("waits: events of a name to look at", lambda connection, _: list_waits_to_look(connection, "paid")),
    Look("tick: webhooks to tell", lambda connection, _: list_due_notices(connection)),
    Look("tick: runs to settle", lambda connection, _: list_unsettled_run_ids(connection, INSTANCE)),
    Look("tick: runs to resume", lambda connection, _: list_runs_to_resume(connection, INSTANCE)),
    Look("tick: parked launches", lambda connection, _: list_parked_launches(connection, INSTANCE)),
    Look(
        "tick: launches nobody knows",
        lambda connection, middle: find_unknown_launches(connection, [middle.launch_id, *map(str, range(199))]),
    ),
    Look(
        "tick: what came for a trigger",
        lambda connection, _: list_due_deliveries(connection, "flow-0", TRIGGER, Asker(INSTANCE, "here"), limit=20),
    ),
)
