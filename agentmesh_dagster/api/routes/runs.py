"""Runs: what was started, how far it has come, and what happened in it."""

from contextlib import suppress

from fastapi import Response

from agentmesh_dagster import wire
from agentmesh_dagster.api.catalogue import find_one
from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.api.launching import answer_launched
from agentmesh_dagster.api.repeats import list_repeats
from agentmesh_dagster.api.requests import (
    Asked,
    AssetFilter,
    BackfillFilter,
    CaughtFilter,
    Cursor,
    Editor,
    EventLimit,
    EventNumber,
    FailedFilter,
    LastEventId,
    Limit,
    MaxValueChars,
    NewForkBody,
    ParentFilter,
    PartitionFilter,
    PathId,
    ProjectFilter,
    StatusFilter,
    WaitingFilter,
    WorkflowFilter,
    build_router,
    faults,
    read_body,
)
from agentmesh_dagster.api.settling import get_shown_run, list_shown_runs
from agentmesh_dagster.api.stream import EventStreams, accepts_stream
from agentmesh_dagster.control.cancel import cancel_run as cancel
from agentmesh_dagster.control.fork import prepare_fork
from agentmesh_dagster.control.location import CodeLocation
from agentmesh_dagster.control.resume import submit_prepared
from agentmesh_dagster.control.retry import retry_run as retry
from agentmesh_dagster.entities.budgets import BudgetUse
from agentmesh_dagster.entities.models import EventLog, Run, Step, Workflow
from agentmesh_dagster.errors import NotFound
from agentmesh_dagster.graph.asking import show_gates_before_ends
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.store.budgets import find_day_use, list_budget_uses
from agentmesh_dagster.store.catalogue import load_workflow_at
from agentmesh_dagster.store.events import page_events
from agentmesh_dagster.store.launches import list_launches
from agentmesh_dagster.store.runs import RunFilter, get_run_head
from agentmesh_dagster.store.steps import page_steps

router = build_router("/runs", "runs")


@router.get("")
def list_runs(
    call: Asked,
    project_id: ProjectFilter = None,
    workflow_id: WorkflowFilter = None,
    status: StatusFilter = None,
    waiting: WaitingFilter = None,
    has_failed: FailedFilter = None,
    has_caught: CaughtFilter = None,
    parent_run_id: ParentFilter = None,
    asset: AssetFilter = None,
    partition: PartitionFilter = None,
    backfill_id: BackfillFilter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    max_chars: MaxValueChars = None,
) -> wire.PageOf[Run]:
    """Runs, newest first."""
    wanted = RunFilter(
        workflow_id,
        project_id,
        status or (),
        waiting,
        has_failed,
        has_caught,
        parent_run_id,
        asset=asset,
        partition=partition,
        backfill_id=backfill_id,
    )
    return list_shown_runs(call.context, wanted, limit, cursor, max_chars)


@router.get("/{id}", responses=faults(404))
def get_run(call: Asked, identity: PathId, max_chars: MaxValueChars = None) -> Run:
    """One run; its status follows from Dagster's and from the open gates."""
    return get_shown_run(call.context, identity, max_chars)


@router.get("/{id}/steps", responses=faults(404))
def list_run_steps(
    call: Asked, identity: PathId, limit: Limit = 50, cursor: Cursor = None, max_chars: MaxValueChars = None
) -> wire.PageOf[Step]:
    """The steps of a run, by when they started."""
    with call.context.services.store.read() as connection:
        get_run_head(connection, identity)
        page = page_steps(connection, identity, limit=limit, cursor=cursor, max_chars=max_chars)
    return wire.PageOf[Step](items=list(page.items), next_cursor=page.next_cursor)


@router.get("/{id}/budgets", responses=faults(404))
def list_run_budgets(call: Asked, identity: PathId) -> wire.PageOf[BudgetUse]:
    """The budgets toward which model calls of the run have counted, its project's of today too; what is used up."""
    with call.context.services.store.read() as connection:
        run = get_run_head(connection, identity)
        day = find_day_use(connection, run.project_id)
        uses = list_budget_uses(connection, run.id)
    return wire.PageOf[BudgetUse](items=uses if day is None else [*uses, day])


@router.get("/{id}/workflow", responses=faults(404, 409))
def get_run_workflow(call: Asked, identity: PathId) -> wire.PinnedWorkflow:
    """The workflow, agents and tools that a run executes: as they were when it was launched.

    The gates that checks of its asset open stand in the graph, too.
    """
    store = call.context.services.store
    with store.read() as connection:
        run = get_run_head(connection, identity)
        newest = list_launches(connection, identity)[-1]
    found = load_workflow_at(store, run.workflow_id, run.revision)
    own = list_repeats(found.workflow)
    return wire.PinnedWorkflow(
        workflow=show_gates_before_ends(read_graph(found.workflow)),
        workflows=list(found.workflows.values()),
        agents=list(found.agents.values()),
        tools=list(found.tools.values()),
        regions=own.regions,
        loops=own.loops,
        called=[list_repeats(workflow) for workflow in found.workflows.values()],
        dagster_job=run.job_name,
        dagster_run_url=f"{call.dagster}/runs/{newest.id}",
    )


_NO_VALUES = 100  # characters: none that is large is read only to bring the run up to date
_STREAM = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}


@router.get("/{id}/events", responses={**faults(404), **_STREAM}, response_model=wire.PageOf[EventLog])
def list_run_events(
    call: Asked,
    identity: PathId,
    after: EventNumber = 0,
    last_event_id: LastEventId = None,
    limit: EventLimit = 200,
    max_chars: MaxValueChars = None,
) -> Response | wire.PageOf[EventLog]:
    """The events of a run, oldest first; with `Accept: text/event-stream` live, as they happen.

    The stream ends by itself after some ten seconds: come back with the last id as `Last-Event-ID`, as browsers do.
    The message `end` says that the run is over and all was sent.
    """
    context = call.context
    if accepts_stream(call.request):
        get_shown_run(context, identity, _NO_VALUES)
        streams: EventStreams = call.request.app.state.streams
        return streams.open(identity, after if last_event_id is None else last_event_id, max_chars)
    with context.services.store.read() as connection:
        get_run_head(connection, identity)
        page = page_events(connection, identity, after=after, limit=limit, max_chars=max_chars)
    return wire.PageOf[EventLog](items=list(page.items), next_cursor=page.next_cursor)


@router.post("/{id}/retry", status_code=201, responses=faults(404, 409))
def retry_run(call: Asked, editor: Editor, identity: PathId) -> wire.RetriedRun:
    """Continues a run that has failed: what succeeded is kept, and its gates ask anew."""
    context = call.context
    launch = retry(context.services, context.instance, identity, by=editor.name)
    submit_prepared(context.instance, launch.launch_id)
    call.response.headers["Location"] = f"{call.mount}/runs/{launch.run_id}"
    return wire.RetriedRun(run_id=launch.run_id, launch_id=launch.launch_id)


@router.post("/{id}/fork", status_code=201, responses=faults(404, 409))
def fork_run(call: Asked, editor: Editor, identity: PathId, body: NewForkBody) -> wire.StartedRun:
    """Starts a run that goes on from a step of this one, in whatever state this is; the answer does not wait for it.

    What stands before the step is taken over, with other outputs where such are given. A gate that was answered asks
    anew unless what was agreed to is the same.
    """
    wanted = read_body(wire.NewFork, body)
    context = call.context
    location = _find_location(context, identity) if wanted.revision == "newest" else None
    launch = prepare_fork(context.services, context.instance, identity, wanted, by=editor.name, location=location)
    return answer_launched(call, launch)


def _find_location(context: ApiContext, run_id: str) -> CodeLocation | None:
    """Where the newest revision of a run's workflow is launched; None: it was deleted."""
    with context.services.store.read() as connection:
        run = get_run_head(connection, run_id)
    with suppress(NotFound):
        return context.workspace.find_code_location(find_one(context, Workflow, run.workflow_id))
    return None


@router.post("/{id}/cancel", responses=faults(404, 409))
def cancel_run(call: Asked, editor: Editor, identity: PathId) -> Run:
    """Cancels a run: queued, at work, or waiting for a person."""
    context = call.context
    cancel(context.services, context.instance, identity, by=editor.name)
    return get_shown_run(context, identity)
