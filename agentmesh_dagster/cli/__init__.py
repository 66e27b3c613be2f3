"""The command line: `agentmesh`."""

import gc
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.cli.grammar import app
from agentmesh_dagster.private_files import keep_private

_COLLECT_AFTER = (50_000, 20, 20)  # Dagster's 300,000 objects stay: to look through them is a tenth of a start


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command, by default the one of this process's arguments, and exits with its code.

    Whatever goes wrong is one clear text on standard error. AGENTMESH_DEBUG=1 shows the traceback instead.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a character must not end the command
    keep_private()
    gc.set_threshold(*_COLLECT_AFTER)
    try:
        app(arguments)
    except Exception as error:
        if os.environ.get("AGENTMESH_DEBUG"):
            raise
        _print_error(error)
        sys.exit(ExitCode.REFUSED)


def _print_error(error: Exception) -> None:
    from agentmesh_dagster.cli.error_messages import print_error  # most commands end well and need it not

    print_error(error)
