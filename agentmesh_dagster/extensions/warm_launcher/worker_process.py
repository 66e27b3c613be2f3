"""The process that executes a run: who it is, in words that another process of the machine understands."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import dagster as dg

from agentmesh_dagster.extensions.dagster_internals import HIDDEN_TAG_PREFIX

WORKER_TAG = f"{HIDDEN_TAG_PREFIX}warm_worker"


@dataclass(frozen=True)
class WorkerProcess:
    """A process that executes one run."""

    run_id: str  # a re-execution has the tags of its parent
    host: str
    pid: int
    started: str  # when, in the system's own words: a process id is used again, its start is not

    @property
    def is_of_this_host(self) -> bool:
        return self.host == socket.gethostname()

    @property
    def is_alive(self) -> bool:
        """Whether it still runs; asks the system, so only for processes of this host."""
        return _read_start(self.pid) == self.started


def describe_this_process(run_id: str) -> WorkerProcess:
    """This process, as the one that executes the run."""
    pid = os.getpid()
    return WorkerProcess(run_id, socket.gethostname(), pid, _read_start(pid) or "")


def build_worker_tag(worker: WorkerProcess) -> dict[str, str]:
    """The run's tag that says who executes it; Dagster's UI does not show it."""
    return {WORKER_TAG: json.dumps(asdict(worker))}


def read_worker(run: dg.DagsterRun) -> WorkerProcess | None:
    """Who executes the run; None when it was launched another way, or its worker has only just been forked."""
    if WORKER_TAG not in run.tags:
        return None
    worker = WorkerProcess(**json.loads(run.tags[WORKER_TAG]))
    return worker if worker.run_id == run.run_id else None


def _read_start(pid: int) -> str | None:
    """When the process started; None when there is none, or one that has ended and was not waited for."""
    state, start = ask_proc(pid) if sys.platform == "linux" else ask_ps(pid)
    return None if state[:1] in ("", "Z", "X") else start


def ask_proc(pid: int) -> tuple[str, str]:
    """The state of a process and when it started; both empty when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "", ""
    fields = stat.rpartition(")")[2].split()  # the name before it may contain anything
    return fields[0], fields[19]  # clock ticks since the machine's start


def ask_ps(pid: int) -> tuple[str, str]:
    """The same where there is no `/proc`, as on macOS."""
    command = ["ps", "-p", str(pid), "-o", "stat=", "-o", "lstart="]
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}  # whoever asks gets the same words
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout
    state, _, start = said.strip().partition(" ")
    return state, start.strip()
