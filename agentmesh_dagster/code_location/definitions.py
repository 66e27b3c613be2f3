"""Workflows inside somebody's own Dagster project."""

import dagster as dg

from agentmesh_dagster.code_location.jobs import WorkflowJobs
from agentmesh_dagster.code_location.pinning import pin_revision
from agentmesh_dagster.code_location.sensors import build_sensors
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store import open_store


def build_definitions(
    *, database_url: str | None = None, executor: dg.ExecutorDefinition | None = None
) -> dg.Definitions:
    """The jobs of all stored workflows and the sensors that look after their runs, to merge into your own.

    `database_url` is the store's, `executor` that of the jobs; each is taken from the settings unless given.

        defs = dg.Definitions.merge(my_definitions, build_definitions())
    """
    settings = get_settings()
    if database_url is not None:
        settings = settings.model_copy(update={"database_url": database_url})
    services = Services(open_store(settings.store_url), settings)
    jobs = WorkflowJobs(services, pin_revision(services.store), executor)
    return dg.Definitions(jobs=[jobs.get(name) for name in jobs.list_names()], sensors=build_sensors(services))
