"""The folder of a running `agentmesh dev` in its home: whose the home is, and what its processes tell each other."""

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from agentmesh_dagster.cli.children import keep_from_children
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.private_files import make_private_folder

_FOLDER = "dev"
_LOCK = "lock"


class HomeInUse(AgentMeshError):
    """Another `agentmesh dev` runs in this home folder."""


class ClaimedHome:
    """A home folder in which no other `agentmesh dev` runs for as long as this process lives."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder  # what is put here is gone at the next start
        self._lock = lock

    def tell(self, url: str) -> None:
        """Notes where we can be reached, for whoever wants this home, too."""
        now = datetime.now(UTC).isoformat(" ", "seconds")
        said = json.dumps({"pid": os.getpid(), "since": now, "url": url}).encode()
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
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeInUse(_describe_owner(home, os.pread(lock, 10_000, 0))) from None
        keep_from_children(lock)
        os.ftruncate(lock, 0)
        _clear(folder)
        yield ClaimedHome(folder, lock)
        if folder.is_dir():  # somebody may have removed the home meanwhile
            _clear(folder)
    finally:
        os.close(lock)


def _clear(folder: Path) -> None:
    for left in folder.iterdir():
        if left.name != _LOCK:
            left.unlink(missing_ok=True)


def _describe_owner(home: Path, said: bytes) -> str:
    try:
        owner = json.loads(said)
        who = f"process {owner['pid']}, since {owner['since']}, at {owner['url']}"
    except ValueError:
        who = "one that is just starting"
    return f"{who}, in {home}. End it first, or give this one a home of its own with AGENTMESH_HOME"
