"""Processes of the benchmark's own: each has a session and a mark, and is gone when it is no longer needed."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.machine import MARK, list_marked, read_pss_megabytes

ROOT = Path(__file__).parents[2]
_ENDS_WITHIN_SECONDS = 20.0
_GONE_WITHIN_SECONDS = 10.0
_FOREIGN = ("AGENTMESH_", "DAGSTER_", "OPENAI_", "ANTHROPIC_", "PREFECT_", "DBOS_", "PYTHON", "VIRTUAL_ENV", "BENCH_")


class CannotMeasure(Exception):
    """Something could not be measured; the message says why, for the report."""


@dataclass(frozen=True)
class Started:
    """A process, and all that it has started."""

    process: subprocess.Popen[str]
    mark: str
    log: Path

    def read_memory(self) -> float:
        """Megabytes of all of its processes, shared pages counted once."""
        return read_pss_megabytes(list_marked(self.mark))

    def check(self) -> None:
        """Raises CannotMeasure when it has ended."""
        if (code := self.process.poll()) is not None:
            raise CannotMeasure(f"`{_name(self.process)}` has ended ({code}): {read_last_words(self.log)}")

    def wait(self, seconds: float) -> None:
        """Until it has ended well. Raises CannotMeasure when it fails, or takes longer."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise CannotMeasure(f"`{_name(self.process)}` has not ended within {seconds:g} s") from None
        if code:
            raise CannotMeasure(f"`{_name(self.process)}` has failed ({code}): {read_last_words(self.log)}")

    def end(self) -> None:
        """Asks it to end as Ctrl-C does; what is left after some seconds is killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(_ENDS_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        _kill_all(self.mark)
        if self.process.stdout is not None:
            self.process.stdout.close()


class Launchpad:
    """Starts the processes of one benchmark."""

    def __init__(self, folder: Path) -> None:
        self.benchmark = uuid.uuid4().hex[:12]
        self.folder = folder  # for their logs

    @contextmanager
    def running(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        folder: Path = ROOT,
        output: int | None = None,
    ) -> Generator[Started]:
        """A process from when it is started to when all of its processes are gone.

        Its standard output goes to its log, or to a pipe.
        """
        mark = f"{self.benchmark}/{uuid.uuid4().hex[:12]}"
        path = self.folder / f"{mark.replace('/', '-')}.log"
        with path.open("w") as log:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=clean_environment() | dict(environment) | {MARK: mark},
                stdin=subprocess.DEVNULL,
                stdout=log if output is None else output,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        started = Started(process, mark, path)
        try:
            yield started
        finally:
            started.end()

    def end_all(self) -> None:
        """Kills whatever carries this benchmark's mark."""
        _kill_all(f"{self.benchmark}/")


def clean_environment() -> dict[str, str]:
    """This process's environment without settings that would change what is measured."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return kept | {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore"}


def find_free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def wait_until(is_so: Callable[[], object], started: Started, seconds: float) -> None:
    """Raises CannotMeasure when the process has ended, or it takes longer."""
    deadline = time.monotonic() + seconds
    while not is_so():
        started.check()
        if time.monotonic() > deadline:
            words = read_last_words(started.log)
            raise CannotMeasure(f"`{_name(started.process)}` was not ready within {seconds:g} s: {words}")
        time.sleep(0.1)


def answers(url: str) -> bool:
    """Whether there is a server that says 200."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def read_last_words(log: Path) -> str:
    """The last lines that say something."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return " / ".join(lines[-3:])[-500:] or "it said nothing"


def _name(process: subprocess.Popen[str]) -> str:
    words = list(process.args) if isinstance(process.args, Sequence) else [process.args]
    return " ".join(Path(str(word)).name if "/" in str(word) else str(word) for word in words)[:80]


def _kill_all(mark: str) -> None:
    deadline = time.monotonic() + _GONE_WITHIN_SECONDS
    while (left := list_marked(mark)) and time.monotonic() < deadline:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)  # a killed process is there for a moment, and may have started another one before
