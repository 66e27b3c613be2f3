"""Launches runs with the warm launcher, here or, as a daemon does, in a process of its own."""

import atexit
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
import yaml

from agentmesh_dagster.extensions.warm_launcher import WarmRunLauncher
from agentmesh_dagster.extensions.warm_launcher.worker_process import WorkerProcess, read_worker
from tests.extensions import warm_jobs

SOON_SECONDS = 90.0


def open_home(folder: Path, preload: Sequence[str] = ("tests.extensions.warm_preloaded",)) -> dg.DagsterInstance:
    """An instance in the folder, with the warm launcher and run monitoring."""
    folder.mkdir(exist_ok=True)
    launcher = {
        "module": "agentmesh_dagster.extensions.warm_launcher",
        "class": "WarmRunLauncher",
        "config": {"preload": [*preload]},
    }
    config = {
        "run_launcher": launcher,
        "run_monitoring": {"enabled": True, "max_resume_run_attempts": 0},
        "telemetry": {"enabled": False},
        "code_servers": {"wait_for_local_processes_on_shutdown": True},
    }
    (folder / "dagster.yaml").write_text(yaml.dump(config))
    return dg.DagsterInstance.from_config(str(folder))


def create_run(instance: dg.DagsterInstance, job: Any, **fields: Any) -> dg.DagsterRun:
    """A run of a job that stands in an importable module; it is not launched."""
    found = dg.reconstructable(job)
    return instance.create_run_for_job(
        job_def=found.get_definition(), job_code_origin=found.get_python_origin(), **fields
    )


def launch(instance: dg.DagsterInstance, job: Any) -> str:
    """Launches a run as a queue's daemon does; its id."""
    run = create_run(instance, job)
    instance.launch_run(run.run_id, workspace=None)  # pyright: ignore[reportArgumentType]
    return run.run_id


def get_run(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRun:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run


def wait_until(is_so: Callable[[], object], seconds: float = SOON_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def wait_for_end(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRun:
    """The run, once Dagster says that it is over."""
    wait_until(lambda: get_run(instance, run_id).is_finished)
    return get_run(instance, run_id)


def wait_for_worker(instance: dg.DagsterInstance, run_id: str) -> WorkerProcess:
    """The worker of a run of the job `waiting`, once it works."""
    wait_until((Path(instance.root_directory) / f"{run_id}.working").exists)
    worker = read_worker(get_run(instance, run_id))
    assert worker is not None
    return worker


def let_go_on(instance: dg.DagsterInstance) -> None:
    """Lets all runs of the job `waiting` end."""
    (Path(instance.root_directory) / "go_on").touch()


def stop_going_on(instance: dg.DagsterInstance) -> None:
    """Lets later runs of the job `waiting` wait again."""
    (Path(instance.root_directory) / "go_on").unlink()


def list_messages(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """What Dagster's log says of the run, errors included."""
    told: list[str] = []
    for entry in instance.all_logs(run_id):
        event = entry.dagster_event
        told.append((event and event.message) or entry.user_message)
        error = getattr(event.event_specific_data, "error", None) if event else None
        told += [str(error)] if error else []
    return told


def read_metadata(instance: dg.DagsterInstance, run_id: str) -> dict[str, Any]:
    """What the op `tell` said."""
    (output,) = instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_OUTPUT)
    assert output.dagster_event is not None
    return {name: value.value for name, value in output.dagster_event.step_output_data.metadata.items()}


def read_status(pid: int, field: str) -> str:
    """A line of what the system says of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line for line in lines if line.startswith(f"{field}:")).partition(":")[2].strip()


def exists(pid: int) -> bool:
    try:
        return not read_status(pid, "State").startswith("Z")
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def run_launching_process(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that launches a run of the job that each line on its standard input names, and answers with its id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.extensions.warm_launching", str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ask_to_launch(process: subprocess.Popen[str], job: str) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    print(job, file=process.stdin, flush=True)
    return process.stdout.readline().strip()


@contextmanager
def own_much(home: Path) -> Iterator[None]:
    """What a launching process may have that no worker may end, or hold on to."""
    atexit.register((home / "ended").touch)
    with (
        TemporaryDirectory(prefix="parents-", dir=home),
        (home / "lock").open("w") as lock,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        (home / "port").write_text(str(listening.getsockname()[1]))
        yield


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with own_much(Path(sys.argv[1])), dg.DagsterInstance.from_config(sys.argv[1]) as instance:
        assert isinstance(instance.run_launcher, WarmRunLauncher)
        instance.run_launcher.warm_up()
        for line in sys.stdin:
            print(launch(instance, getattr(warm_jobs, line.strip())), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, os.getcwd())
    main()
