"""Dagster's code server, which has loaded this location: it leaves a suspended run alone whose process has exited.

It fails a run of its own whose process is gone before the run is finished, and knows nothing of suspended runs yet.
Only with the default launcher do code servers start the processes of runs.
"""

import multiprocessing
import socket
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

import dagster as dg

_MODULE = "dagster._grpc.server"
_MARK = "_agentmesh_looks_first"
_SERVERS = frozenset({"grpc", "code-server"})  # Dagster's commands
_WORKERS = frozenset({"execute_run", "resume_run", "execute_step"})
_NAME_OPTION = "--location-name"


def is_code_server() -> bool:
    """Whether this process serves what it loads; else it is a worker, or of somebody who only looks."""
    # A code server's run worker, its child, has its command line too.
    return not _SERVERS.isdisjoint(sys.argv) and multiprocessing.parent_process() is None


def is_run_worker() -> bool:
    """Whether this process was started to execute a run, or a step of one."""
    return not _WORKERS.isdisjoint(sys.argv) or multiprocessing.parent_process() is not None


def read_location_name() -> str:
    """What the code location of this process is called: by the code server's command, else by the machine's name."""
    _, _, given = "\0".join(sys.argv).partition(f"\0{_NAME_OPTION}\0")
    return given.partition("\0")[0] or socket.gethostname()


def leave_suspended_runs_alone() -> None:
    """Patches the code server of this process; in one that is none it does nothing. Safe to call again."""
    module: Any = sys.modules.get(_MODULE)
    if module is None or hasattr(module.DagsterApiServer, _MARK):
        return
    check: Callable[[Any], None] = module.DagsterApiServer._check_for_orphaned_runs

    def look_first(server: Any) -> None:
        with server._execution_lock:
            at_work = _forget_suspended(server)
        try:
            check(server)
        finally:
            for process in at_work:
                del process.is_alive

    module.DagsterApiServer._check_for_orphaned_runs = look_first
    setattr(module.DagsterApiServer, _MARK, True)


def _forget_suspended(server: Any) -> list[Any]:
    """Forgets the processes that have suspended their run; those that live are held for alive until the next look."""
    at_work: list[Any] = []
    executions: dict[str, tuple[BaseProcess, Any]] = dict(server._executions)
    for run_id, (process, instance_ref) in executions.items():
        if process.is_alive():
            process.is_alive = _is_so  # else it might end, its run suspended, between this look and Dagster's
            at_work.append(process)
        elif process.exitcode == 0 and _is_suspended(instance_ref, run_id):
            server._clear_run(run_id)
    return at_work


def _is_so() -> bool:
    return True


def _is_suspended(instance_ref: Any, run_id: str) -> bool:
    with dg.DagsterInstance.from_ref(instance_ref) as instance:
        run = instance.get_run_by_id(run_id)
    return run is not None and run.status is dg.DagsterRunStatus.SUSPENDED
