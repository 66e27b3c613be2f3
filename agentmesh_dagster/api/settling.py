"""Before runs are shown: what Dagster knows of those that have not ended is taken over.

Where nothing can be written they are shown as they stand.
"""

from contextlib import suppress

import dagster as dg

from agentmesh_dagster import wire
from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.entities.models import Run
from agentmesh_dagster.store import StoreFull, StoreReadOnly
from agentmesh_dagster.store.launches import list_launches
from agentmesh_dagster.store.runs import RunFilter, get_run, page_runs

# Dagster holds these ended; a run of ours that has not ended then needs a look.
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def get_shown_run(context: ApiContext, run_id: str, max_chars: int | None = None) -> Run:
    """A run, brought up to date, without values of more than `max_chars` characters. Raises RunNotFound."""
    services = context.services
    with services.store.read() as connection:
        run, launches = get_run(connection, run_id, max_chars=max_chars), list_launches(connection, run_id)
    if all(launch.ended_at is not None for launch in launches):
        return run
    with suppress(StoreFull, StoreReadOnly):
        reconcile_run(services, context.instance, run_id)
    with services.store.read() as connection:
        return get_run(connection, run_id, max_chars=max_chars)


def list_shown_runs(
    context: ApiContext, wanted: RunFilter, limit: int, cursor: str | None, max_chars: int | None
) -> wire.PageOf[Run]:
    """One page of runs, newest first; those whose launch Dagster saw end are brought up to date."""
    store = context.services.store
    with store.read() as connection:
        page = page_runs(connection, wanted, limit=limit, cursor=cursor, max_chars=max_chars)
    if _settle(context, [run for run in page.items if not run.status.is_end]):
        with store.read() as connection:
            page = page_runs(connection, wanted, limit=limit, cursor=cursor, max_chars=max_chars)
    return wire.PageOf[Run](items=list(page.items), next_cursor=page.next_cursor)


def _settle(context: ApiContext, unended: list[Run]) -> bool:
    """Whether something was found to settle; one question to Dagster for all of them."""
    run_ids = {run.launches[-1]: run.id for run in unended if run.launches}
    if not run_ids:
        return False
    ended = context.instance.get_run_ids(dg.RunsFilter(run_ids=list(run_ids), statuses=_ENDED))
    with suppress(StoreFull, StoreReadOnly):
        settled = [reconcile_run(context.services, context.instance, run_ids[launch_id]) for launch_id in ended]
        return any(settled)
    return False
