"""The lazy repository: a run worker builds its own job, not a thousand; a reload builds what has changed."""

import gc
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import dagster as dg

from agentmesh_dagster.code_location.asset_job import AssetJobs
from agentmesh_dagster.code_location.code_server import leave_suspended_runs_alone
from agentmesh_dagster.code_location.dagster_internals import SINGLETON_REPOSITORY_NAME, ComponentTree
from agentmesh_dagster.code_location.jobs import WorkflowJobs
from agentmesh_dagster.code_location.pinning import pin_revision
from agentmesh_dagster.code_location.sensors import Scope, build_runs_sensor
from agentmesh_dagster.code_location.triggers import build_schedules, build_trigger_sensors
from agentmesh_dagster.control.decision_reports import DECISIONS
from agentmesh_dagster.control.pinning import REVISION_KEY, Mark, mark_location
from agentmesh_dagster.control.triggers import LoadedTrigger
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.store.catalogue import JobNotFound
from agentmesh_dagster.translator.asset_facts import ASSET_JOB


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

    def get_component_tree(self) -> ComponentTree:
        return cast("ComponentTree", CatalogueState(self._services, self._jobs))

    @cached_property
    def _assets(self) -> AssetJobs:
        return AssetJobs(self._services, self._jobs)

    def get_all_jobs(self) -> Sequence[dg.JobDefinition]:
        return [self.get_job(name) for name in self.get_job_names()]

    def get_job_names(self) -> Sequence[str]:
        names = self._jobs.list_names()
        return [*names, ASSET_JOB] if self._assets.definitions else names

    def get_assets_defs_by_key(self) -> Mapping[dg.AssetKey, dg.AssetsDefinition]:
        decisions = dg.AssetsDefinition(specs=[DECISIONS])
        return {key: made for made in (*self._assets.definitions, decisions) for key in made.keys}

    def has_job(self, job_name: str) -> bool:
        if job_name == ASSET_JOB:
            return self._jobs.has_assets()
        # Not only the names that are listed: a run outlives the name, and the workflow, that it was launched with.
        try:
            return bool(self._jobs.get(job_name))
        except JobNotFound:
            return False

    def get_job(self, job_name: str) -> dg.JobDefinition:
        if job_name == ASSET_JOB:
            return self._assets.job
        return self._jobs.get(job_name)

    def load_all_definitions(self) -> None:
        with _without_garbage_collection():
            super().load_all_definitions()
            for job in self.get_all_jobs():
                # Web server and daemon ask for it at the same moment, and each would have it worked out.
                job.get_job_snapshot_id()

    def get_all_schedules(self) -> Sequence[dg.ScheduleDefinition]:
        return build_schedules(self._services, self._triggers)

    def get_all_sensors(self) -> Sequence[dg.SensorDefinition]:
        runs = build_runs_sensor([Scope(self._services, projects=None, job_prefix="")])
        return [runs, *build_trigger_sensors(self._services, self._triggers), *self._assets.build_sensors()]


@contextmanager
def _without_garbage_collection() -> Generator[None]:
    """For the time in which very many objects are made and none is dropped: it would look for some all the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True)
class CatalogueState:
    """What a code server of Dagster's asks when it is told that the state behind its definitions is a newer one.

    That is how components with a state of their own are reloaded: in the server's process, which keeps its imports and
    whatever has not changed. The catalogue is such a state; of a component tree Dagster uses no more here.
    """

    services: Services
    jobs: WorkflowJobs

    def __bool__(self) -> bool:
        """False: it has no components to show."""
        return False

    def reload_with_state(self, _changed_keys: Iterable[str]) -> "CatalogueState":
        """The newest state of the catalogue."""
        return CatalogueState(self.services, self.jobs.move_to(pin_revision(self.services.store)))

    def get_repository_def(self) -> dg.RepositoryDefinition:
        """The repository at this state, pinned to its revision."""
        definition = _define(self.services, self.jobs)
        # At the first load Dagster itself writes this down.
        return definition.replace_repository_load_data({REVISION_KEY: str(self.jobs.revision)}, None)


def build_repository() -> dg.RepositoryDefinition:
    """The code location of an installation, by its settings: put it into a module that Dagster loads."""
    leave_suspended_runs_alone()
    services = open_services()
    return _define(services, WorkflowJobs(services, pin_revision(services.store)))


def _define(services: Services, jobs: WorkflowJobs) -> dg.RepositoryDefinition:
    return dg.RepositoryDefinition(
        SINGLETON_REPOSITORY_NAME,
        repository_data=WorkflowRepository(services, jobs),
        metadata=mark_location(Mark(jobs.revision, follows=True)),
    )
