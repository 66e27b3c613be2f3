"""Workflows inside somebody's own Dagster project."""

from collections.abc import Collection, Mapping, Sequence

import dagster as dg

from agentmesh_dagster.code_location.asset_job import AssetJobs
from agentmesh_dagster.code_location.code_server import is_run_worker, leave_suspended_runs_alone
from agentmesh_dagster.code_location.guests import be_guests
from agentmesh_dagster.code_location.jobs import WorkflowJobs
from agentmesh_dagster.code_location.options import read_options
from agentmesh_dagster.code_location.pinning import pin_revision
from agentmesh_dagster.code_location.sensors import Scope, build_runs_sensor
from agentmesh_dagster.code_location.triggers import build_schedules, build_trigger_sensors
from agentmesh_dagster.control.decision_reports import DECISIONS
from agentmesh_dagster.control.pinning import Mark, mark_location
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.settings import get_settings


def build_definitions(
    *,
    database_url: str | None = None,
    executor: dg.ExecutorDefinition | None = None,
    projects: Collection[str] | None = None,
    job_prefix: str = "",
    owners: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
    hooks: Collection[dg.HookDefinition] = (),
    resource_keys: Collection[str] = (),
) -> dg.Definitions:
    """The jobs of stored workflows, what triggers them, and the sensor that looks after their runs, to merge into
    your own.

        @dg.definitions
        def defs():
            return dg.Definitions.merge(my_definitions, build_definitions())

    `database_url` is the store's, `executor` that of the jobs; each is taken from the settings unless given.
    `projects` (ids) are those whose workflows are shown, triggered and resumed here; all unless given.
    `job_prefix` stands before the name of each job, schedule and sensor.
    `owners`, `tags` and `hooks` are those of each job; its runs get the tags too.
    `resource_keys` name resources of your own: a parameter of a function tool that has such a name gets the resource.

    A workflow that claims a name of your own code goes without its job; `agentmesh list` says why. Raises
    InvalidOptions, BrokenPlugins.
    """
    leave_suspended_runs_alone()
    options = read_options(
        executor=executor,
        projects=projects,
        job_prefix=job_prefix,
        owners=owners,
        tags=tags or {},
        hooks=hooks,
        resource_keys=resource_keys,
    )
    settings = get_settings()
    if database_url is not None:
        settings = settings.model_copy(update={"database_url": database_url})
    services = open_services(settings)
    pin = pin_revision(services.store)
    jobs = WorkflowJobs(services, pin, options)
    # It executes one job, and starts nothing by itself. Others may load what was loaded before: `dg list defs` for one.
    is_worker = not pin.is_new and is_run_worker()
    triggers = [] if is_worker else jobs.list_triggers()
    assets = AssetJobs(services, jobs)
    be_guests()
    return dg.Definitions(
        # For the asset of decisions alone Dagster would list one job more.
        assets=[] if is_worker or not assets.definitions else [DECISIONS, *assets.definitions],
        jobs=jobs.list_promised() if is_worker else [jobs.get(name) for name in jobs.list_names()],
        schedules=build_schedules(services, triggers),
        sensors=[
            build_runs_sensor([Scope(services, options.projects, job_prefix, assets)]),
            *build_trigger_sensors(services, triggers),
        ],
        metadata=mark_location(Mark(pin.revision, projects=options.projects, job_prefix=job_prefix)),
    )
