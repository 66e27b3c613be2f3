"""The folder of a running `agentmesh dev` in its home: whose the home is, and what its processes tell each other."""

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from agentmesh_dagster.cli.processes.children import keep_from_children
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.private_files import make_private_folder

_FOLDER = "dev"
_LOCK = "lock"


class HomeInUse(AgentMeshError):
    """Another `agentmesh` is at work in this home folder."""


class ClaimedHome:
    """A home folder in which no other `agentmesh dev` runs for as long as this process lives."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder  # what is put here is gone at the next start
        self._lock = lock

    def set_owner(self, what: str) -> None:
        """Notes who we are and where we can be reached, for whoever wants this home, too."""
        now = datetime.now(UTC).isoformat(" ", "seconds")
        said = json.dumps({"pid": os.getpid(), "since": now, "what": what}).encode()
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, said, 0)


@contextmanager
def claim_home(home: Path) -> Generator[ClaimedHome]:
    """The home folder, made if it is missing, for us alone; raises HomeInUse.

    The system lets go of it when this process ends, in whichever way. Web servers and daemons that are started by
    themselves, `dagster dev` and other commands are not held up.
    """
    folder = home / _FOLDER
    make_private_folder(home)
    make_private_folder(folder)
    with _lock(home) as lock:
        keep_from_children(lock)
        os.ftruncate(lock, 0)
        _clear(folder)
        yield ClaimedHome(folder, lock)
        if folder.is_dir():  # somebody may have removed the home meanwhile
            _clear(folder)


@contextmanager
def keep_dev_out(home: Path, command: str) -> Generator[None]:
    """No `agentmesh dev` runs in the home folder meanwhile, and none begins: `command` is at work. Raises HomeInUse.

    A folder in which none has ever run is left as it is.
    """
    if not (home / _FOLDER / _LOCK).is_file():
        yield
        return
    with _lock(home) as lock:
        ClaimedHome(home / _FOLDER, lock).set_owner(command)
        yield


@contextmanager
def _lock(home: Path) -> Generator[int]:
    lock = os.open(home / _FOLDER / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeInUse(_describe_owner(home, os.pread(lock, 10_000, 0))) from None
        yield lock
    finally:
        os.close(lock)


def _clear(folder: Path) -> None:
    for left in folder.iterdir():
        if left.name != _LOCK:
            left.unlink(missing_ok=True)


def _describe_owner(home: Path, said: bytes) -> str:
    try:
        owner = json.loads(said)
        who = f"{owner['what']}, process {owner['pid']}, since {owner['since']}"
    except (ValueError, KeyError):  # KeyError: of a version before
        who = "one that has just begun"
    return f"{who}, in {home}. End it first; a second `agentmesh dev` may have a home of its own with AGENTMESH_HOME"
