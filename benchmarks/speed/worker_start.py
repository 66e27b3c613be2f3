"""How long a run worker takes to its first step when 1,000 workflows are stored, and when 10 are, in turn.

The worker is what Dagster's default launcher starts, a new process (`dagster api execute_run`). Its wall time ends when
its first call arrives at the mock model; its CPU time is read while it waits for the answer.
"""

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

import dagster as dg
from dagster._grpc.types import ExecuteRunArgs

from agentmesh_dagster.control.instance import open_instance
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import open_store
from benchmarks.speed.arrivals import wait_for_arrivals
from benchmarks.speed.frame import Task, read_task, tell
from benchmarks.speed.graphs import RUN_INPUT, build_chain, build_document
from benchmarks.speed.in_place import save_document
from benchmarks.speed.machine import Meter, read_cpu_seconds

_NODES = 10
_LATENCY_MS = 500  # long enough to read the worker's CPU time meanwhile
_WORKER_SECONDS = 120


class Home:
    """A store with so many workflows, and a Dagster instance."""

    def __init__(self, folder: Path, count: int) -> None:
        self.count = count
        self.settings = Settings(home=folder, console_log_level="CRITICAL")
        folder.mkdir(parents=True)
        self.services = Services(open_store(self.settings.store_url), self.settings)
        document = build_document((_LATENCY_MS,))
        document["workflows"] = [build_chain(f"w{number}", _NODES, _LATENCY_MS) for number in range(count)]
        self.workflow = save_document(self.services, document)["w0"]

    def start_worker(self, task: Task) -> None:
        """Starts one, and tells what it took to its first call; it is ended with its run."""
        with open_instance(self.settings) as instance:
            command = _prepare(self.services, instance, self.workflow)
            environment = os.environ | {"AGENTMESH_HOME": str(self.settings.home)}
            with Meter(task.benchmark) as meter:
                asked_at = time.time()
                worker = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
                arrived_at = wait_for_arrivals(task.mock, asked_at, 1, _WORKER_SECONDS)[0].at
                cpu = read_cpu_seconds([worker.pid])
                worker.wait(_WORKER_SECONDS)
        assert worker.returncode == 0
        assert meter.stretch is not None
        values = {"worker start": arrived_at - asked_at, "worker start cpu": cpu}
        tell(f"{self.count} workflows", 0, values, meter.stretch)


def _prepare(services: Services, instance: dg.DagsterInstance, workflow: Workflow) -> list[str]:
    launch = prepare_launch(services, instance, workflow, RUN_INPUT, launched_by="benchmark")
    run = instance.get_run_by_id(launch.launch_id)
    assert run is not None
    assert run.job_code_origin is not None
    arguments = ExecuteRunArgs(run.job_code_origin, run.run_id, instance.get_ref(), set_exit_code_on_failure=True)
    return list(arguments.get_command_args())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workflows", default="10,1000", help="how many are stored, compared in turn")
    task, given = read_task(parser)
    with tempfile.TemporaryDirectory() as folder:
        homes = [Home(Path(folder) / count, int(count)) for count in given.workflows.split(",")]
        for _ in range(task.runs):
            for home in homes:
                home.start_worker(task)


if __name__ == "__main__":
    main()
