"""Imported last by the fork server: makes it ready to fork."""

import gc
import os
import sys
import threading
from pathlib import Path

import dagster as dg
from upath import UPath

from agentmesh_dagster.extensions.warm_launcher.worker import prepare_to_work
from agentmesh_dagster.forking import write_out

_THREADS = Path("/proc/self/task")  # also those that are not Python's, where the system tells


@dg.op
def do_nothing() -> None: ...


def build_practice() -> dg.JobDefinition:
    """The job with which Dagster is run once."""
    graph = dg.GraphDefinition("practice", node_defs=[do_nothing])
    return graph.to_job(executor_def=dg.in_process_executor)  # pyright: ignore[reportUnknownMemberType]


def make_ready() -> None:
    """Imports what every run needs of Dagster, and gives memory the form in which forked processes share most of it.

    Exits where forking is not safe.
    """
    prepare_to_work()
    # Dagster imports much when it is first needed. This leaves nothing behind but modules and caches.
    with dg.DagsterInstance.ephemeral(  # pyright: ignore[reportUnknownMemberType]
        settings={"telemetry": {"enabled": False}}
    ) as instance:
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        dg.execute_job(dg.reconstructable(build_practice), instance, run_config=quiet)
    UPath.cwd()  # the same, of a library that every instance needs
    threads = len(os.listdir(_THREADS)) if _THREADS.exists() else threading.active_count()
    if threads > 1:
        sys.exit("A module that `preload` of the run launcher names starts threads when it is imported: leave it out.")
    write_out()
    # What is here stays for ever: a worker's garbage collector would write to, and so copy, every page of it.
    gc.collect()
    gc.freeze()


make_ready()
