"""The run launcher: forks where it can, and leaves the rest to Dagster's own."""

import os
import signal
import threading
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import dagster as dg

from agentmesh_dagster.extensions.dagster_internals import (
    GRPC_INFO_TAG,
    CheckRunHealthResult,
    ConfigurableClassData,
    LaunchRunContext,
    WorkerStatus,
    get_run_crash_explanation,
)
from agentmesh_dagster.extensions.warm_launcher.fork_server import (
    ForkedWorker,
    NoWorkerForked,
    fork_fork_server,
    fork_worker,
    start_fork_server,
    wait_for_exit_code,
)
from agentmesh_dagster.extensions.warm_launcher.suitability import explain_why_not_warm
from agentmesh_dagster.extensions.warm_launcher.worker import RunWork
from agentmesh_dagster.extensions.warm_launcher.worker_process import WorkerProcess, read_worker

_UNFINISHED = {dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING}


class WarmRunLauncher(dg.DefaultRunLauncher):
    """Forks run workers from a process that has Dagster and the modules in `preload` imported.

    Each worker imports the code location itself, so the next run sees an edit. Runs whose code is elsewhere are
    launched as Dagster's default launcher does it.
    """

    def __init__(self, preload: tuple[str, ...] = (), inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(inst_data)
        self._preload = preload
        self._run_ids: set[str]  # what `join` waits for
        self._is_disposed = False

    @classmethod
    def config_type(cls) -> Any:
        description = (
            "Modules that are imported once, before the first run: big packages that your code imports, never the code"
            " itself. They must not start threads when they are imported."
        )
        return {"preload": dg.Field([str], default_value=[], description=description)}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        return cls(tuple(config_value["preload"]), inst_data)

    def warm_up(self, folder: Path | None = None) -> None:
        """Starts the fork server, and returns at once; the first launch of a process does it otherwise.

        In a process with one thread the fork server is a fork of it, shares its memory, and has its socket in `folder`.
        """
        if threading.active_count() == 1:
            fork_fork_server(self._list_modules(), folder)
        else:
            start_fork_server(self._list_modules())

    def launch_run(self, context: LaunchRunContext) -> None:
        run = context.dagster_run
        reason = explain_why_not_warm(run)
        if reason is None:
            try:
                work = RunWork(run.run_id, self._instance.get_ref(), self._preload)
                forked = fork_worker(work, self._list_modules())
            except NoWorkerForked as fault:
                reason = str(fault)
            else:
                self._run_ids.add(run.run_id)
                watch = threading.Thread(target=self._watch, args=(run, forked), daemon=True)
                watch.name = f"run worker {forked.pid}"
                watch.start()
                return
        self._report(run, f"Launched through the code server: {reason}.")
        super().launch_run(context)

    def terminate(self, run_id: str) -> bool:
        run = self._instance.get_run_by_id(run_id) if self.has_instance else None
        if run is None or run.is_finished:
            return False
        worker = read_worker(run)
        if worker is None and (GRPC_INFO_TAG in run.tags or run.status is not dg.DagsterRunStatus.STARTING):
            return super().terminate(run_id)
        self._instance.report_run_canceling(run)
        if worker is None:
            self._report(run, "Its worker has not come up yet. It will find the run canceled.")
            return True
        return self._interrupt(run, worker)

    def _interrupt(self, run: dg.DagsterRun, worker: WorkerProcess) -> bool:
        if not worker.is_of_this_host:
            self._report(run, f"Its worker is process {worker.pid} of {worker.host}: it can be ended from there only.")
            return False
        if not worker.is_alive:
            self._report(run, f"Its worker, process {worker.pid}, is gone.")
            return False
        os.kill(worker.pid, signal.SIGINT)
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        worker = read_worker(run)
        # Monitoring fails every run that is not said to be running: so are those that cannot be seen from here.
        if worker is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "It was launched another way.")
        if not worker.is_of_this_host:
            return CheckRunHealthResult(WorkerStatus.RUNNING, f"It is on {worker.host}.")
        if worker.is_alive:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        now = self._instance.get_run_by_id(run.run_id)
        if now is None or now.is_finished:
            return CheckRunHealthResult(WorkerStatus.SUCCESS)
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"Its process {worker.pid} is gone.")

    def dispose(self) -> None:
        # Workers go on: they are processes of their own, and have an instance of their own.
        self._is_disposed = True
        super().dispose()

    def _list_modules(self) -> list[str]:
        """What the fork server imports: what we were told to, and what the instance is made of."""
        parts = [part for part in self._instance.get_ref() if isinstance(part, ConfigurableClassData)]
        # A package may export a class that it imports when asked for.
        homes = [getattr(import_module(part.module_name), part.class_name).__module__ for part in parts]
        return list(dict.fromkeys([*self._preload, *homes]))

    def _watch(self, launched: dg.DagsterRun, worker: ForkedWorker) -> None:
        """Fails a run whose worker has died, as a code server does: monitoring does not look at runs that start."""
        exit_code = wait_for_exit_code(worker)
        if exit_code is None or self._is_disposed:
            return
        run = self._instance.get_run_by_id(launched.run_id)
        if run is None or run.status not in _UNFINISHED:
            return
        reason = get_run_crash_explanation(f"The worker of the run, process {worker.pid},", exit_code)
        if run.status is dg.DagsterRunStatus.CANCELING:
            self._report(run, reason)
            self._instance.report_run_canceled(run)
        else:
            self._instance.report_run_failed(run, reason)

    def _report(self, run: dg.DagsterRun, message: str) -> None:
        self._instance.report_engine_event(message, run, cls=type(self))
