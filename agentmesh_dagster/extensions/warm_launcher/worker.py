"""What a forked worker does: `dagster api execute_run`, without starting Python and importing Dagster."""

import atexit
import os
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from agentmesh_dagster.extensions.dagster_internals import InstanceRef, capture_interrupts, load_run_worker
from agentmesh_dagster.extensions.plan_heads import read_plan_heads
from agentmesh_dagster.extensions.warm_launcher.worker_process import build_worker_tag, describe_this_process
from agentmesh_dagster.forking import leave_all_to_parent


@dataclass(frozen=True)
class RunWork:
    """One run, to be executed by a process of its own."""

    run_id: str
    instance_ref: InstanceRef
    preload: tuple[str, ...]  # what ought to be imported by now

    def _bootstrap(self, parent: int) -> int:
        """Called in the forked process, whose exit code it returns; `parent` is a file that ends with the launcher."""
        leave_all_to_parent()
        os.close(parent)  # a worker goes on when its launcher ends
        _make_it_like_a_new_process(self.run_id)
        try:
            _execute_run(self)
        finally:
            _end_like_an_interpreter()
        return 0


def prepare_to_work() -> None:
    """Imports what Dagster imports only when there is a run to execute."""
    load_run_worker()


def _execute_run(work: RunWork) -> None:
    open_instance, execute_run = load_run_worker()
    with capture_interrupts(), open_instance(instance_ref=work.instance_ref) as instance:
        read_plan_heads(instance)
        instance.add_run_tags(work.run_id, build_worker_tag(describe_this_process(work.run_id)))
        absent = [module for module in work.preload if module not in sys.modules]
        if absent:
            message = f"The fork server could not import {', '.join(absent)}: see `preload` of the run launcher."
            instance.report_engine_event(message, instance.get_run_by_id(work.run_id), cls=RunWork)
        execute_run(work.run_id, instance, _forget, set_exit_code_on_failure=False)


def _forget(_event: object) -> None:
    """An event is in the storage by now, and nobody reads this process's output."""


def _make_it_like_a_new_process(run_id: str) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if "" in sys.path:
        sys.path[sys.path.index("")] = os.getcwd()  # as `python -m dagster` has it: the code may change the folder
    with suppress(OSError):  # for `top` and `pstree`, where there is such a thing: all workers have one command line
        Path("/proc/self/comm").write_text(f"run {run_id[:8]}")


def _end_like_an_interpreter() -> None:
    # A forked process ends by `os._exit`, before all this. Threads that are no daemons are waited for, as ever.
    threading._shutdown()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]
    sys.stdout.flush()
    sys.stderr.flush()
