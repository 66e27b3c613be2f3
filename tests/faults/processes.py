"""Real processes to kill: forked from a server that has everything imported, so that one costs little."""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentmesh_dagster.settings import get_settings

PATIENCE_SECONDS = 90

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["agentmesh_dagster.code_location", "tests.faults.actions"])


class Process:
    """A process of its own session that does one action of `tests.faults.actions`, in the environment of the test."""

    def __init__(self, output: Path, action: str, *arguments: Any, **environment: str) -> None:
        """What it prints goes to the file `output`."""
        self.output = output
        self._process = _context.Process(
            target=_do, args=(action, arguments, {**os.environ, **environment}, str(output)), daemon=False
        )
        self._process.start()
        assert self._process.pid
        self.pid: int = self._process.pid

    def wait(self) -> int | None:
        """Waits for its end; the exit code, negative for a signal."""
        self._process.join(PATIENCE_SECONDS)
        assert self._process.exitcode is not None, f"it does not end: {self.read_output()}"
        return self._process.exitcode

    def end_well(self) -> list[str]:
        """Waits for an end without an error; the lines that it printed."""
        assert self.wait() == 0, self.read_output()
        return self.read_output().split()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def read_output(self) -> str:
        return self.output.read_text() if self.output.exists() else ""


def _do(action: str, arguments: tuple[Any, ...], environment: dict[str, str], output: str) -> None:
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    # The descriptors, not sys.stdout: a process of its own may write there too.
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(file, sys.stdout.fileno())
    os.dup2(file, sys.stderr.fileno())
    get_settings.cache_clear()

    from tests.faults import actions

    getattr(actions, action)(*arguments)


def list_session(session: int) -> list[int]:
    """The living processes of a session: a process group leader's children and theirs."""
    found: list[int] = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            if int(fields[3]) == session and fields[0] not in "ZX":
                found.append(int(folder.name))
    return found


def wait_until(is_so: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
