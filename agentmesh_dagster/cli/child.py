"""A process that `agentmesh dev` starts: `python -m agentmesh_dagster.cli.child ROLE ARGUMENTS…`.

It ends when its parent lets go of its standard input, on purpose or because the parent was killed.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from agentmesh_dagster.cli.exit_codes import ExitCode


def serve_code(workspace: Path, arguments: Sequence[str]) -> None:
    """The code servers; it writes to the file `workspace` where they are."""
    from agentmesh_dagster.cli.code_servers import run_code_servers

    target, log_level = arguments
    run_code_servers(workspace, Path(target) if target else None, log_level)


def serve_web(workspace: Path, arguments: Sequence[str]) -> None:
    """The web server, once there are code servers."""
    from agentmesh_dagster.api.hosting import run_webserver

    _wait_for(workspace)
    run_webserver(["--workspace", str(workspace), *arguments])


def run_daemon(workspace: Path, arguments: Sequence[str]) -> None:
    """Dagster's daemon, once there are code servers."""
    from agentmesh_dagster.cli.dagster_internals import daemon_command
    from agentmesh_dagster.control.instance import enter_home
    from agentmesh_dagster.settings import get_settings

    _wait_for(workspace)
    enter_home(get_settings())
    daemon_command.main(["--workspace", str(workspace), *arguments], prog_name="agentmesh dev")


_ROLES: Mapping[str, Callable[[Path, Sequence[str]], None]] = {
    "code": serve_code,
    "web": serve_web,
    "daemon": run_daemon,
}


def _wait_for(file: Path) -> None:
    # The parent looks after what writes it. Meanwhile this process has imported what it needs.
    while not file.exists():
        time.sleep(0.05)


def _end_with_parent() -> None:
    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def main() -> None:
    """Runs the role that the command line names."""
    # Whoever starts the parent in the background of a script has both ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _end_with_parent()
    role, workspace, *arguments = sys.argv[1:]
    try:
        _ROLES[role](Path(workspace), arguments)
    except KeyboardInterrupt:
        sys.exit(ExitCode.DONE)
    except Exception as error:
        if os.environ.get("AGENTMESH_DEBUG"):
            raise
        from agentmesh_dagster.cli.explaining import explain

        explain(error)
        sys.exit(ExitCode.REFUSED)


if __name__ == "__main__":
    main()
