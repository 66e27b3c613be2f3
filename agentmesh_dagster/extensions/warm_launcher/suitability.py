"""Which runs a worker forked on this machine serves as Dagster's own launcher would."""

import ipaddress
import os
import sys
from pathlib import Path

import dagster as dg

from agentmesh_dagster.extensions.dagster_internals import (
    DEFAULT_DAGSTER_ENTRY_POINT,
    GrpcServerCodeLocationOrigin,
    get_python_environment_entry_point,
)


def explain_why_not_warm(run: dg.DagsterRun) -> str | None:
    """Why the run has to be launched through its code server, for people; None when it need not."""
    if run.job_code_origin is None:
        return "nothing says where its code is"
    origin = run.job_code_origin.repository_origin
    if not _is_this_python(origin.executable_path):
        return f"its code runs with {origin.executable_path}, and this process with {sys.executable}"
    if origin.container_image not in (None, os.environ.get("DAGSTER_CURRENT_IMAGE")):
        return f"its code is in the image {origin.container_image}"
    own = (DEFAULT_DAGSTER_ENTRY_POINT, get_python_environment_entry_point(origin.executable_path))
    if origin.entry_point is not None and list(origin.entry_point) not in [list(entry) for entry in own]:
        return f"its code has an entry point of its own, {' '.join(origin.entry_point)}"
    host = _read_remote_host(run)
    return None if host is None else f"its code is served by another machine, {host}"


def _is_this_python(executable: str) -> bool:
    # Names of one Python in one folder. Links from two virtual environments to it are two Pythons.
    theirs, ours = Path(executable), Path(sys.executable)
    return theirs == ours or (theirs.parent == ours.parent and theirs.resolve() == ours.resolve())


def _read_remote_host(run: dg.DagsterRun) -> str | None:
    if run.remote_job_origin is None:
        return None
    location = run.remote_job_origin.repository_origin.code_location_origin
    if not isinstance(location, GrpcServerCodeLocationOrigin) or location.socket or _is_loopback(location.host):
        return None
    return location.host


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
