"""Celery workers, run workers and what was seen of them, over one store and one Dagster instance."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from sqlalchemy import select

from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.entities.models import EventType, Run, StepStatus, Workflow
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.gates import list_open_gates
from agentmesh_dagster.store.launches import list_launches
from agentmesh_dagster.store.runs import get_run, list_runs
from agentmesh_dagster.store.tables import steps
from tests.deploy.compose import DEPLOY, read_services
from tests.deploy.recorder import Recorder
from tests.faults.processes import Process, list_session, wait_until
from tests.shapes import save

APPROVED = {"approved": True, "comment": "gut 好"}


class CeleryWorker:
    """A worker as it is deployed: in a folder of its own, which knows nothing of Dagster's instance."""

    def __init__(self, name: str, folder: Path, further: Mapping[str, str]) -> None:
        self.name = name
        self.log = folder / "log"
        settings = folder / "settings"
        settings.mkdir(parents=True)
        (settings / "dagster_celery_config.py").write_text((DEPLOY / "dagster_celery_config.py").read_text())
        environment = os.environ | {
            "AGENTMESH_HOME": str(folder / "home"),
            "PYTHONPATH": str(settings),
            "PYTHONWARNINGS": "ignore",
            **further,
        }
        deployed = read_services()["worker"]["command"]
        command = [sys.executable, "-m", *deployed, "-n", f"{name}@%h", "--concurrency", "2"]
        with self.log.open("w") as output:
            self._process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
            )

    def is_ready(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        return " ready." in self.log.read_text()

    def has(self, pid: int) -> bool:
        return pid in list_session(self._process.pid)

    def kill(self) -> None:
        """As if its machine was switched off."""
        for pid in [self._process.pid, *list_session(self._process.pid)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # it was ended by the one before
        self._process.wait()


class CelerySite:
    def __init__(self, services: Services, instance: dg.DagsterInstance, folder: Path, recorder: Recorder) -> None:
        self.services = services
        self.instance = instance
        self.folder = folder
        self.recorder = recorder
        self.workers: list[CeleryWorker] = []
        self._processes: list[Process] = []

    def start_workers(self, *names: str, **environment: str) -> None:
        added = [CeleryWorker(name, self.folder / name, environment) for name in names]
        self.workers += added
        wait_until(lambda: all(worker.is_ready() for worker in added))

    def save(self, flow: Workflow) -> None:
        save(self.services, self.recorder.tool(), flow)

    def start(self, action: str, *arguments: Any) -> Process:
        """Starts a process that does an action of `tests.faults.actions`, such as a run worker."""
        process = Process(self.folder / f"process-{len(self._processes)}", action, *arguments)
        self._processes.append(process)
        return process

    def kill_worker_of(self, node_id: str, path: str = "") -> str:
        """Kills the Celery worker that executes the step now, with all of its processes; its name."""
        its_owner = select(steps.c.owner).where(steps.c.node_id == node_id, steps.c.path == path)
        with self.services.store.read() as connection:
            row = connection.execute(its_owner).one()
        pid = int(row.owner.split(":")[1])
        [worker] = [worker for worker in self.workers if worker.has(pid)]
        worker.kill()
        self.workers.remove(worker)
        return worker.name

    def run(self) -> Run:
        """The only run, once what Dagster knows of it is settled."""
        run_maintenance(self.services, self.instance)
        with self.services.store.read() as connection:
            [run] = list_runs(connection)
            return get_run(connection, run.id)

    def gate(self) -> str:
        with self.services.store.read() as connection:
            [gate] = list_open_gates(connection)
        return gate.step_id

    def last_launch(self) -> str:
        with self.services.store.read() as connection:
            [run] = list_runs(connection)
            return list_launches(connection, run.id)[-1].id

    def list_attempts(self) -> list[str]:
        """The nodes whose step was begun, once for each time, sorted."""
        with self.services.store.read() as connection:
            [run] = list_runs(connection)
            events = list_events(connection, run.id)
        return sorted(str(event.payload["nodeId"]) for event in events if event.type is EventType.STEP_STARTED)

    def list_ended(self) -> set[str]:
        """The nodes whose step has succeeded."""
        ended = select(steps.c.node_id).where(steps.c.status == StepStatus.SUCCEEDED)
        with self.services.store.read() as connection:
            return set(connection.scalars(ended))

    def list_celery_workers(self) -> set[str]:
        """The workers that executed steps, as Dagster shows them."""
        logs = self.instance.all_logs(self.last_launch(), of_type=dg.DagsterEventType.ENGINE_EVENT)
        events = [log.get_dagster_event() for log in logs]
        told = [event.engine_event_data.metadata.get("Celery worker") for event in events]
        return {str(value.value).partition("@")[0] for value in told if value is not None}

    def close(self) -> None:
        for process in self._processes:
            process.kill()
        for worker in self.workers:
            worker.kill()
