"""When a wait has ended: the run goes on at once, and if its launch has not ended yet, as soon as it has."""

import asyncio
import logging
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool

from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.control.decision_reports import DecisionReports
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.resume import submit_resume
from agentmesh_dagster.runtime.arrivals import look_for_event
from agentmesh_dagster.store.awaited_events import list_waits_to_look
from agentmesh_dagster.store.gates import StoredGate
from agentmesh_dagster.store.launches import list_launches
from agentmesh_dagster.store.waits import Wait

_PAUSES = (0.1, 0.2, 0.2, 0.5, 0.5, 1.0, 1.0, 2.0, 2.0)  # seconds; a launch ends within one of its last gate's opening


_log = logging.getLogger(__name__)
_reports = DecisionReports()


async def continue_run(context: ApiContext, run_id: str) -> None:
    """Launches what stands behind an answer that was given; gives up after seconds, because the sensor follows up.

    No thread is held while it waits. Raises nothing: the answer was taken, and whoever gave it has been told so.
    """
    if await run_in_threadpool(has_gone_on, context, run_id, is_first=True):
        return
    for pause in _PAUSES:
        await asyncio.sleep(pause)
        if await run_in_threadpool(has_gone_on, context, run_id):
            return


async def give_event_to_waits(context: ApiContext, name: str) -> None:
    """Looks whether a step waits for an event that has come, and goes on with its run. Raises nothing, as above."""
    for run_id in await run_in_threadpool(_end_waits_for, context, name):
        await continue_run(context, run_id)


def report_decision(context: ApiContext, gate: StoredGate) -> None:
    """Tells Dagster how the decisions of this day came out so far. Raises nothing, as above."""
    try:
        _reports.report(context.services, context.instance, gate.answered_at or datetime.now(UTC))
    except Exception as fault:  # noqa: BLE001 as below
        _log.warning("Dagster was not told of a decision: %s", str(fault).partition("\n")[0])


def _end_waits_for(context: ApiContext, name: str) -> list[str]:
    """The runs of which a wait has ended."""
    try:
        with context.services.store.read() as connection:
            waits = list_waits_to_look(connection, name)
    except Exception as fault:  # noqa: BLE001 as below
        _log.warning("Who waits for the event %s is looked for by the sensor: %s", name, str(fault).partition("\n")[0])
        return []
    return [wait.run_id for wait in waits if _has_got_event(context, wait)]


def _has_got_event(context: ApiContext, wait: Wait) -> bool:
    try:
        return look_for_event(context.services, wait)
    except Exception as fault:  # noqa: BLE001 of one wait: it does not hold up the others
        reason = str(fault).partition("\n")[0]
        _log.warning("The event that the run %s waits for is looked for by the sensor: %s", wait.run_id, reason)
        return False


def has_gone_on(context: ApiContext, run_id: str, *, is_first: bool = False) -> bool:
    """Whether there is nothing to wait for any more. Raises nothing."""
    try:
        return _try_to_resume(context, run_id, is_first=is_first)
    except Exception as fault:  # noqa: BLE001 of either database, say, which restarts
        reason = str(fault).partition("\n")[0]
        _log.warning("The run %s does not go on yet; it is tried again, then by the sensor: %s", run_id, reason)
        return False


def _try_to_resume(context: ApiContext, run_id: str, *, is_first: bool) -> bool:
    """Whether there is nothing more to do; False: a launch of the run is at work, try again."""
    if is_first:
        return submit_resume(context.services, context.instance, run_id) is not None
    reconcile_run(context.services, context.instance, run_id)
    with context.services.store.read() as connection:
        is_live = any(launch.is_live for launch in list_launches(connection, run_id))
    return submit_resume(context.services, context.instance, run_id) is not None or not is_live
