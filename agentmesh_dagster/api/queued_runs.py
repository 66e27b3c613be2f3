"""Runs that wait for a place begin soon after there is one, where a web server looks after them."""

import logging
from contextlib import AbstractContextManager

from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.api.repeating import repeating
from agentmesh_dagster.control.queued_runs import begin_queued_runs

_LOOK_EVERY_SECONDS = 0.5
_REST_SECONDS = 10.0  # after a fault of single runs

_log = logging.getLogger("dagster.agentmesh")


def beginning_queued_runs(context: ApiContext) -> AbstractContextManager[None]:
    """Begins runs that have waited for a place for as long as this lasts, in a thread of its own."""

    def look() -> float:
        faults = begin_queued_runs(context.services, context.instance).faults
        if faults:
            _log.warning("Runs that wait for a place could not begin: %s", "; ".join(faults))
        return _REST_SECONDS if faults else _LOOK_EVERY_SECONDS

    return repeating(look, name="agentmesh-queued-runs", what="Runs that wait for a place")
