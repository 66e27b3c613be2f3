"""Workflows inside somebody's own Dagster project."""

import dagster as dg

from agentmesh_dagster.code_location.code_server import leave_suspended_runs_alone
from agentmesh_dagster.code_location.jobs import WorkflowJobs
from agentmesh_dagster.code_location.pinning import pin_revision
from agentmesh_dagster.code_location.sensors import build_sensors
from agentmesh_dagster.code_location.triggers import build_schedules, build_trigger_sensors
from agentmesh_dagster.control.pinning import mark_revision
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store import open_store


def build_definitions(
    *, database_url: str | None = None, executor: dg.ExecutorDefinition | None = None
) -> dg.Definitions:
    """The jobs of all stored workflows, what triggers them, and the sensor that looks after their runs, to merge into
    your own.

    `database_url` is the store's, `executor` that of the jobs; each is taken from the settings unless given.

        defs = dg.Definitions.merge(my_definitions, build_definitions())
    """
    leave_suspended_runs_alone()
    settings = get_settings()
    if database_url is not None:
        settings = settings.model_copy(update={"database_url": database_url})
    services = Services(open_store(settings.store_url), settings)
    pin = pin_revision(services.store)
    jobs = WorkflowJobs(services, pin, executor)
    triggers = jobs.list_triggers() if pin.is_new else []  # a worker executes one run, and starts no others
    return dg.Definitions(
        jobs=[jobs.get(name) for name in jobs.list_names()],
        schedules=build_schedules(services, triggers),
        sensors=[*build_sensors(services), *build_trigger_sensors(services, triggers)],
        metadata=mark_revision(pin.revision),
    )
