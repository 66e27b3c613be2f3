"""A real `agentmesh dev` of a test's own, with everything that it starts, on one free port."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx2

ROOT = Path(__file__).parents[2]
AGENTMESH = (sys.executable, "-c", "from agentmesh_dagster.cli import main; main()")
OF_THE_SUITE = ("AGENTMESH_EXECUTOR", "AGENTMESH_DAGSTER_YAML")  # see tests/stock.yaml
STARTS_WITHIN_SECONDS = 300  # 15 on a machine that does nothing else
ENDS_WITHIN_SECONDS = 60  # it takes 3; a stream or child that holds it up would hold it for ever


@dataclass(frozen=True)
class RunningDev:
    """An `agentmesh dev` that has said where it can be reached."""

    url: str  # with the path prefix and without a slash at the end: `http://127.0.0.1:4711/mesh`
    login_url: str | None  # works once; None where login is switched off
    home: Path
    process: subprocess.Popen[str]
    log: Path  # all that it printed

    def read_token(self) -> str | None:
        """The admin's token that the first start has made; None where login is switched off."""
        return (self.home / "admin-token").read_text().strip() if self.login_url else None

    def open_client(self) -> httpx2.Client:
        """A client that may do everything."""
        token = self.read_token()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.Client(base_url=self.url, timeout=90, headers=headers)

    def end(self, signal_number: int = signal.SIGINT, seconds: float = ENDS_WITHIN_SECONDS) -> int:
        """Asks it to end, and waits; its exit code."""
        self.process.send_signal(signal_number)
        return self.process.wait(seconds)

    def list_processes(self) -> dict[int, str]:
        """Its processes and theirs: process id → command line."""
        return list_processes(self.process.pid)


@contextmanager
def run_dev(
    folder: Path,
    *,
    auth: Literal["on", "off"] = "off",
    port: int | None = None,
    path_prefix: str = "",
    home: Path | None = None,
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    first: str = "",
) -> Generator[RunningDev]:
    """`agentmesh dev` in `folder`, from when it can be reached to when all of its processes are gone.

    Its home is `folder/.agentmesh` unless given. Without a port, a free one. `first` is Python that its process runs
    before anything else.
    """
    home = home or folder / ".agentmesh"
    log = home.parent / "dev.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        process = start_dev(
            folder,
            *("--port", str(port or find_free_port())),
            *(("--path-prefix", path_prefix) if path_prefix else ()),
            *arguments,
            output=output,
            environment={"AGENTMESH_HOME": str(home), "AGENTMESH_AUTH": auth, **(environment or {})},
            first=first,
        )
    try:
        wait_until(lambda: "AgentMesh: " in log.read_text() or process.poll() is not None, STARTS_WITHIN_SECONDS)
        said = log.read_text()
        assert process.poll() is None, said
        url, login_url = _read_addresses(said)
        yield RunningDev(url, login_url, home, process, log)
    finally:
        _end(process)


def start_dev(
    folder: Path, *arguments: str, output: object, environment: Mapping[str, str], first: str = ""
) -> subprocess.Popen[str]:
    """Starts `agentmesh dev` in a session of its own and does not wait for anything; `first` as in `run_dev`."""
    python, option, program = AGENTMESH
    return subprocess.Popen(  # pyright: ignore[reportCallIssue]
        [python, option, first + program, "dev", *arguments],
        cwd=folder,
        env={**clean_environment(), **environment},
        stdin=subprocess.DEVNULL,
        stdout=output,  # pyright: ignore[reportArgumentType]
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )


def clean_environment() -> dict[str, str]:
    """This process's environment without settings and keys of the person who runs the tests."""
    ours = ("AGENTMESH_", "DAGSTER_", "OPENAI_", "ANTHROPIC_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours) or name in OF_THE_SUITE}
    return kept | {"PYTHONWARNINGS": "ignore", "PYTHONUNBUFFERED": "1"}


def _read_addresses(said: str) -> tuple[str, str | None]:
    url = re.findall(r"AgentMesh: (\S+)/agentmesh/", said)[-1]
    links = re.findall(r"\S+/login\?\S+", said)
    return url, links[-1] if links else None


def _end(process: subprocess.Popen[str]) -> None:
    children = list_processes(process.pid)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pid in children.keys() & list_processes(process.pid).keys():
        os.kill(pid, signal.SIGKILL)


def list_processes(session: int) -> dict[int, str]:
    """The living processes of a session: process id → command line."""
    found: dict[int, str] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue  # it has just ended
            if int(fields[3]) == session and fields[0] not in "ZX":
                found[int(folder.name)] = command
    return found


def find_free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def wait_until(is_so: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
