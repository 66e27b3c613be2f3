"""The same system on a real instance of Dagster: its launches are executed by Dagster, each in one go."""

from typing import Any

import dagster as dg

from agentmesh_dagster.control.dagster_internals import ReconstructableJob, execute_run
from agentmesh_dagster.control.location import build_reconstructable_job
from agentmesh_dagster.control.pinning import build_load_data
from agentmesh_dagster.runtime.services import Services
from tests.gates.actions import Action
from tests.gates.graphs import Drawn
from tests.gates.system import System

# A worker of this system does all at once, in this process: nobody can look at it in the middle, or let it stall.
_NOT_HERE = ("stall", "twin")


def forget_jobs() -> None:
    """Each system counts its revisions from one; Dagster would take the job of the system before for the same."""
    ReconstructableJob.get_repository_definition.cache_clear()
    ReconstructableJob.get_definition.cache_clear()


class DagsterSystem(System):
    """The store, Dagster, and the people who answer."""

    def __init__(self, services: Services, drawn: Drawn, instance: dg.DagsterInstance, *, without: Any = ()) -> None:
        super().__init__(services, drawn, without=(*without, *_NOT_HERE))
        self.instance = instance
        self._executing = False

    def _start(self, action: Action) -> None:
        queued = self.instance.get_run_ids(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
        launch_id = self._pick(sorted(queued, key=self._position), action)
        if launch_id is None or self._executing:
            return
        run = self.instance.get_run_by_id(launch_id)
        assert run is not None
        # As the daemon does it when it takes the launch off its queue.
        event = dg.DagsterEvent(dg.DagsterEventType.PIPELINE_STARTING.value, run.job_name)
        self.instance.report_dagster_event(event, launch_id)
        starting = self.instance.get_run_by_id(launch_id)
        assert starting is not None
        load_data = build_load_data(self._revision_of(launch_id))
        self._executing = True
        try:
            execute_run(build_reconstructable_job(run.job_name, load_data), starting, self.instance)
        finally:
            self._executing = False

    def _work(self, action: Action) -> None:
        self._start(action)

    def _finish(self, action: Action) -> None:
        self._start(action)

    def _let_dagster_age(self) -> None:
        """Its own memory of when something happened is left alone: no worker is ever slow to start here."""
