"""Runs that wait for a place begin soon after there is one, where a web server looks after them."""

import logging
import threading
from collections.abc import Generator
from contextlib import contextmanager

from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.control.queued_runs import begin_queued_runs

_LOOK_EVERY_SECONDS = 0.5
_REST_SECONDS = 10.0  # after a fault, such as of a database that is away: the sensor follows up, too

_log = logging.getLogger("dagster.agentmesh")


@contextmanager
def beginning_queued_runs(context: ApiContext) -> Generator[None]:
    """Begins runs that have waited for a place for as long as this lasts, in a thread of its own."""
    over = threading.Event()
    thread = threading.Thread(target=_follow, args=(context, over), name="agentmesh-queued-runs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=1)


def _follow(context: ApiContext, over: threading.Event) -> None:
    while not over.wait(_LOOK_EVERY_SECONDS):
        try:
            faults = begin_queued_runs(context.services, context.instance).faults
        except Exception as fault:  # noqa: BLE001 of either database, say, which restarts
            faults = [str(fault).partition("\n")[0]]
        if faults:
            _log.warning("Runs that wait for a place could not begin: %s", "; ".join(faults))
            over.wait(_REST_SECONDS)
