"""The process that run workers are forked from: the standard library's fork server, which has one thread for ever.

One per process that launches; it ends with the last of that process and the workers. `multiprocessing.Process` is not
used: it would run the main script of the launching process again in each worker, and wait for all of them at its end.
"""

import os
import pickle
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection, forkserver
from pathlib import Path
from typing import Any, NoReturn

from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.forking import leave_all_to_parent, write_out

# Imported last: what every worker needs, then what makes the fork server ready.
_READY = "agentmesh_dagster.extensions.warm_launcher.ready"

_ANSWERS_WITHIN_SECONDS = 60.0
_LONGEST_ADDRESS = 100  # bytes of a path to a socket; macOS allows 103, Linux 107


class NoWorkerForked(AgentMeshError):
    """The fork server gave no worker; the log of this process says more."""


@dataclass(frozen=True)
class ForkedWorker:
    """A worker that has been forked and told what to do."""

    pid: int
    exit_pipe: int  # file descriptor; the fork server writes the exit code into it


def start_fork_server(preload: Sequence[str]) -> None:
    """Starts the fork server unless it runs, and does not wait until it has imported `preload`."""
    forkserver.set_forkserver_preload([*preload, _READY])
    forkserver.ensure_running()


def fork_fork_server(preload: Sequence[str], folder: Path | None = None) -> None:
    """Makes the fork server a fork of this process instead of a new Python, so that the two share their memory.

    To be called while this process has one thread, and has launched nothing yet. Its socket stands in `folder` if
    that is given and its path is not too long, else in a temporary folder.
    """
    forkserver.set_forkserver_preload([*preload, _READY])
    server: Any = forkserver._forkserver  # pyright: ignore[reportPrivateUsage]
    address = _choose_address(folder)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        if not address.startswith("\0"):  # else it is no file
            os.chmod(address, 0o600)
        listener.listen()
        alive_read, alive_write = os.pipe()  # ends with the last that may launch, and the last worker
        write_out()
        pid = os.fork()
        if pid == 0:
            leave_all_to_parent(keep=(listener.fileno(),))
            os.close(alive_write)
            _serve(listener.detach(), alive_read, server._preload_modules)
        os.close(alive_read)
    # What `ensure_running` keeps of the one that it starts.
    server._forkserver_address, server._forkserver_alive_fd, server._forkserver_pid = address, alive_write, pid


def _choose_address(folder: Path | None) -> str:
    if folder is not None:
        address = str(folder / f"fork-server-{os.getpid()}")
        if len(os.fsencode(address)) <= _LONGEST_ADDRESS:
            Path(address).unlink(missing_ok=True)  # of a process that was killed, and had this process's id
            return address
    return str(connection.arbitrary_address("AF_UNIX"))  # pyright: ignore


def _serve(listener: int, alive: int, preload: list[str]) -> NoReturn:
    status = 1
    try:
        with suppress(OSError):
            Path("/proc/self/comm").write_text("fork server")
        forkserver.main(listener, alive, preload)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    except SystemExit as end:
        if end.code:
            sys.stderr.write(f"{end.code}\n")
        status = 1 if end.code else 0
    finally:
        os._exit(status)  # nothing of what stands below in the stack is its own


def fork_worker(work: Any, preload: Sequence[str]) -> ForkedWorker:
    """Forks a worker that does `work`, an object as `multiprocessing.spawn` runs it: it calls `_bootstrap(fd)`.

    Waits for the fork server where it has yet to import something. Safe to call from several threads. Raises
    NoWorkerForked: then nothing was done and nothing will be.
    """
    # To be sent before the work itself: what the worker is to take over from us. Nothing but the folder.
    message = pickle.dumps({"dir": os.getcwd()}) + pickle.dumps(work)
    try:
        start_fork_server(preload)
        exit_pipe, work_pipe = _connect(preload)
    except OSError as error:
        raise NoWorkerForked(str(error)) from error
    # A worker that is forked after we gave up reads an end of file where its work should be, and ends.
    with open(work_pipe, "wb", buffering=0) as pipe:
        try:
            pid = _read_pid(exit_pipe)
        except NoWorkerForked:
            os.close(exit_pipe)
            raise
        with suppress(BrokenPipeError):  # it has ended already, and its exit code will say so
            pipe.write(message)
    return ForkedWorker(pid, exit_pipe)


def _connect(preload: Sequence[str]) -> tuple[int, int]:
    server: Any = forkserver._forkserver  # pyright: ignore[reportPrivateUsage]
    address = server._forkserver_address
    try:
        return forkserver.connect_to_new_process([])
    except FileNotFoundError:  # somebody cleaned up where its socket stood: nobody will reach it again
        with server._lock:
            if server._forkserver_address == address and server._forkserver_alive_fd is not None:
                os.close(server._forkserver_alive_fd)  # it ends with its last worker
                server._forkserver_address = server._forkserver_alive_fd = server._forkserver_pid = None
        start_fork_server(preload)
        return forkserver.connect_to_new_process([])


def _read_pid(exit_pipe: int) -> int:
    if not connection.wait([exit_pipe], _ANSWERS_WITHIN_SECONDS):
        raise NoWorkerForked(f"it has not answered for {_ANSWERS_WITHIN_SECONDS:.0f} seconds")
    try:
        return forkserver.read_signed(exit_pipe)
    except EOFError as error:
        raise NoWorkerForked("it ended while it was asked") from error


def wait_for_exit_code(worker: ForkedWorker) -> int | None:
    """Waits until the worker has ended; None when the fork server ended first, so that nobody knows."""
    try:
        return forkserver.read_signed(worker.exit_pipe)
    except EOFError:
        return None
    finally:
        os.close(worker.exit_pipe)
