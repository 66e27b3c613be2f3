"""The lazy repository: a run worker builds its own job, not a thousand."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import dagster as dg

from agentmesh_dagster.code_location.dagster_internals import SINGLETON_REPOSITORY_NAME
from agentmesh_dagster.code_location.jobs import WorkflowJobs
from agentmesh_dagster.code_location.pinning import pin_revision
from agentmesh_dagster.code_location.sensors import build_sensors
from agentmesh_dagster.code_location.triggers import build_schedules, build_trigger_sensors
from agentmesh_dagster.control.pinning import mark_revision
from agentmesh_dagster.control.triggers import LoadedTrigger
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.store.catalogue import JobNotFound


class WorkflowRepository(dg.RepositoryData):
    """The jobs of all workflows, what triggers them, and the sensor that looks after their runs."""

    def __init__(self, services: Services, jobs: WorkflowJobs) -> None:
        self._services = services
        self._jobs = jobs

    @cached_property
    def _triggers(self) -> Sequence[LoadedTrigger]:
        return self._jobs.list_triggers()

    def get_top_level_resources(self) -> Mapping[str, dg.ResourceDefinition]:
        return {}

    def get_env_vars_by_top_level_resource(self) -> Mapping[str, Any]:
        return {}

    def get_all_jobs(self) -> Sequence[dg.JobDefinition]:
        return [self._jobs.get(name) for name in self.get_job_names()]

    def get_job_names(self) -> Sequence[str]:
        return self._jobs.list_names()

    def has_job(self, job_name: str) -> bool:
        # Not only the names that are listed: a run outlives the name, and the workflow, that it was launched with.
        try:
            return bool(self._jobs.get(job_name))
        except JobNotFound:
            return False

    def get_job(self, job_name: str) -> dg.JobDefinition:
        return self._jobs.get(job_name)

    def get_all_schedules(self) -> Sequence[dg.ScheduleDefinition]:
        return build_schedules(self._services, self._triggers)

    def get_all_sensors(self) -> Sequence[dg.SensorDefinition]:
        return [*build_sensors(self._services), *build_trigger_sensors(self._services, self._triggers)]


def build_repository() -> dg.RepositoryDefinition:
    """The code location of an installation, by its settings: put it into a module that Dagster loads."""
    services = open_services()
    pin = pin_revision(services.store)
    jobs = WorkflowJobs(services, pin)
    return dg.RepositoryDefinition(
        SINGLETON_REPOSITORY_NAME,
        repository_data=WorkflowRepository(services, jobs),
        metadata=mark_revision(pin.revision),
    )
