"""What the processes of `agentmesh dev` do; imported before they are forked, with what they have in common.

Each ends when its parent lets go of the pipe that it hangs on, on purpose or because the parent was killed.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import dagster as dg

from agentmesh_dagster.cli.error_messages import print_error
from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.control.instance import enter_home
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.speedups import fetch_jobs_on_demand, warm_up
from agentmesh_dagster.store.engine import close_stores

Work = Callable[[int], None]  # given the pipe

_WORKSPACE = "workspace.yaml"  # where the code servers are, in the folder that all have in common
_INTERRUPTS_AGAIN_AFTER_SECONDS = 20.0  # whoever ends in order has long done so


def serve_web(folder: Path, arguments: Sequence[str]) -> Work:
    """The web server, once the daemon has said in `folder` where the code servers are."""
    workspace = folder / _WORKSPACE

    def serve(pipe: int) -> None:
        from agentmesh_dagster.api.hosting import run_webserver

        _end_with_parent(pipe)
        while not workspace.exists():  # the parent looks after what writes it
            time.sleep(0.05)
        run_webserver(["--workspace", str(workspace), *arguments])

    return partial(_do, "web", serve)


def run_daemon(folder: Path, target: Path | None, log_level: str) -> Work:
    """Dagster's daemon, and the code servers of the workspace file `target`: see `serve_code`."""
    workspace = folder / _WORKSPACE

    def run(pipe: int) -> None:
        enter_home(get_settings())
        _warm_up_launcher(folder)  # first of all: as long as there is one thread
        _end_with_parent(pipe)
        from agentmesh_dagster.cli.dagster_internals import daemon_command
        from agentmesh_dagster.cli.processes.code_servers import serve_code

        fetch_jobs_on_demand()
        with serve_code(workspace, target, log_level):
            arguments = ["--workspace", str(workspace), "--log-level", log_level]
            daemon_command.main(arguments, prog_name="agentmesh dev")

    return partial(_do, "daemon", run)


def _do(role: str, work: Work, pipe: int) -> None:
    with suppress(OSError):  # for `top` and `pstree`, where there is such a thing: all have one command line
        Path("/proc/self/comm").write_text(f"mesh {role}")
    # Whoever starts the parent in the background of a script has both ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    get_settings.cache_clear()  # the environment says more since our parent read them
    try:
        work(pipe)
    except KeyboardInterrupt:
        sys.exit(ExitCode.DONE)
    except Exception as error:
        if os.environ.get("AGENTMESH_DEBUG"):
            raise
        print_error(error)
        sys.exit(ExitCode.REFUSED)
    finally:
        close_stores()  # a forked process ends without what Python does at an exit


def _warm_up_launcher(folder: Path) -> None:
    """Starts what runs are forked from; a plain `dagster-daemon` does so at its first run."""
    with dg.DagsterInstance.get() as instance:
        warm_up(instance, folder)


def _end_with_parent(pipe: int) -> None:
    """Interrupts this process once the other end of the pipe is closed, and again if it has not ended a while later.

    While it starts, an interrupt may be lost in a callback, where Python only prints it.
    """

    def watch() -> None:
        while os.read(pipe, 1):
            pass
        while True:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(_INTERRUPTS_AGAIN_AFTER_SECONDS)

    threading.Thread(target=watch, name="parent", daemon=True).start()
