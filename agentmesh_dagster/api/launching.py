"""Launches that were prepared: handed to Dagster, and told to whoever asked for the run."""

import logging

import dagster as dg

from agentmesh_dagster import wire
from agentmesh_dagster.api.problems import NotTaken
from agentmesh_dagster.api.requests import Call
from agentmesh_dagster.control.launch import PreparedLaunch

_log = logging.getLogger(__name__)


def answer_launched(call: Call, launch: PreparedLaunch) -> wire.StartedRun:
    """Submits the first launch of a run; the answer does not wait for it. Raises NotTaken."""
    try:
        if not launch.is_queued and not launch.is_asking:
            call.context.workspace.submit(launch.launch_id)
    except dg.DagsterError as error:
        _log.exception("The launch %s could not be submitted", launch.launch_id)
        raise NotTaken(f"run `{launch.run_id}`") from error
    call.response.headers["Location"] = f"{call.mount}/runs/{launch.run_id}"
    return wire.StartedRun(run_id=launch.run_id)
