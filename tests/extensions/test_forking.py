"""A forked process owns nothing of its parent's: not its exit handlers, folders, sockets, locks."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from tests.extensions import warm_jobs
from tests.extensions.warm_launching import (
    ask_to_launch,
    get_run,
    launch,
    let_go_on,
    open_home,
    read_metadata,
    run_launching_process,
    wait_for_end,
    wait_for_worker,
    wait_until,
)

# Parent and child both end as Python does. What either does at its end is said on standard output.
_FORK = """
import atexit, gc, logging, logging.handlers, multiprocessing.util, os, socket, sys, tempfile, weakref
from agentmesh_dagster.forking import leave_all_to_parent, write_out

class Thing: ...

def remember(whose):
    handler = logging.handlers.MemoryHandler(100, target=logging.StreamHandler(sys.stdout))
    logger = logging.getLogger(whose)
    logger.addHandler(handler)
    logger.warning(f"{whose} log")
    things.append(Thing())
    atexit.register(print, f"{whose} atexit")
    weakref.finalize(things[-1], print, f"{whose} finalize")
    multiprocessing.util.Finalize(None, print, [f"{whose} multiprocessing"], exitpriority=0)

things = []
folder = tempfile.TemporaryDirectory()
listening = socket.create_server(("127.0.0.1", 0))
remember("parent")
print("said before")
write_out()
if os.fork() == 0:
    leave_all_to_parent()
    is_listening = os.path.exists(f"/dev/fd/{listening.fileno()}")
    listening.detach()
    name = folder.name
    remember("child")
    del things[0], folder
    gc.collect()
    print("child has the folder" if os.path.isdir(name) else "child has removed the folder")
    print("child listens" if is_listening else "child does not listen")
    sys.exit()
os.wait()
print("parent has the folder" if os.path.isdir(folder.name) else "parent lost the folder")
"""


def test_a_forked_process_ends_what_is_its_own_and_leaves_the_rest_to_its_parent():
    told = subprocess.run([sys.executable, "-c", _FORK], capture_output=True, text=True, check=True)
    assert told.stderr == ""
    lines = told.stdout.splitlines()

    ends = ["log", "atexit", "finalize", "multiprocessing"]
    assert sorted(lines) == sorted(
        [
            *(f"{whose} {end}" for whose in ("parent", "child") for end in ends),
            *("said before", "child has the folder", "child does not listen", "parent has the folder"),
        ]
    )
    assert lines.index("child multiprocessing") < lines.index("parent has the folder") < lines.index("parent atexit")


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc what a worker holds")
def test_a_run_worker_ends_and_holds_nothing_of_the_process_that_launched_it(tmp_path: Path):
    home = tmp_path / "dagster"
    with open_home(home) as instance, run_launching_process(home) as process, ends_waiting(instance):
        run_id = ask_to_launch(process, "telling")
        assert wait_for_end(instance, run_id).status == dg.DagsterRunStatus.SUCCESS
        told = read_metadata(instance, run_id)
        wait_until(lambda: not Path(f"/proc/{told['worker']}").exists())

        assert list(home.glob("parents-*")), "its folder is there as long as it lives"
        assert not (home / "ended").exists(), "its exit handler waits for its own end"
        worker = wait_for_worker(instance, ask_to_launch(process, "waiting"))
        for pid in (worker.pid, told["parent"]):
            assert list_locks(pid) == []
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with socket.create_server(("127.0.0.1", int((home / "port").read_text()))):
            pass  # its port is free although a worker and the fork server live on
        let_go_on(instance)
        wait_for_end(instance, worker.run_id)


@contextmanager
def ends_waiting(instance: dg.DagsterInstance) -> Iterator[None]:
    """Leaves no run that waits, also when something fails: who has started it would wait for it."""
    try:
        yield
    finally:
        let_go_on(instance)


def list_locks(pid: int) -> list[str]:
    """The files on which a process holds a lock by descriptor, as `flock` takes it: what a forked process inherits."""
    descriptors = Path(f"/proc/{pid}/fdinfo").iterdir()
    return [os.readlink(str(one).replace("fdinfo", "fd")) for one in descriptors if "FLOCK" in one.read_text()]


@pytest.mark.skipif(sys.platform != "linux", reason="the fork server's socket has a name elsewhere")
def test_a_fork_server_whose_socket_was_cleaned_away_is_replaced_at_the_next_launch(tmp_path: Path):
    from multiprocessing.forkserver import _forkserver  # pyright: ignore[reportAttributeAccessIssue]

    with open_home(tmp_path / "dagster") as instance:
        running = launch(instance, warm_jobs.waiting)
        worker = wait_for_worker(instance, running)
        Path(_forkserver._forkserver_address).unlink()  # pyright: ignore[reportAttributeAccessIssue]

        later = launch(instance, warm_jobs.telling)
        assert wait_for_end(instance, later).status == dg.DagsterRunStatus.SUCCESS
        told = read_metadata(instance, later)
        assert told["title"] == f"run {later[:8]}", "it was forked, too"
        assert get_run(instance, running).status == dg.DagsterRunStatus.STARTED
        let_go_on(instance)
        assert wait_for_end(instance, running).status == dg.DagsterRunStatus.SUCCESS
        wait_until(lambda: not Path(f"/proc/{worker.pid}").exists())
