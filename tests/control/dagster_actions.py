"""What the buttons of Dagster's UI do to a launch, through the functions behind them."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster._core.definitions.selector import JobSubsetSelector
from dagster._core.execution.plan.resume_retry import ReexecutionStrategy
from dagster._core.remote_representation.code_location import CodeLocation
from dagster._core.remote_representation.external import RemoteJob
from dagster._core.test_utils import in_process_test_workspace
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceRequestContext
from dagster_graphql.implementation.execution.run_lifecycle import create_valid_pipeline_run
from dagster_graphql.implementation.utils import ExecutionMetadata, ExecutionParams

from agentmesh_dagster.control.dagster_internals import (
    ModuleCodePointer,
    ReconstructableJob,
    ReconstructableRepository,
    execute_run,
)
from agentmesh_dagster.control.location import build_reconstructable_job
from agentmesh_dagster.control.pinning import build_load_data, read_revision
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import current_revision
from agentmesh_dagster.store.launches import find_launch
from agentmesh_dagster.translator.asset_facts import ASSET_JOB

# Called anew each time, so that it shows the store of this test.
OURS, HOST = "agentmesh_dagster.code_location:build_repository", "tests.control.host_project:defs"
_CODE = LoadableTargetOrigin(module_name="agentmesh_dagster.code_location", attribute="build_repository")


@contextmanager
def _open_location(instance: dg.DagsterInstance) -> Generator[tuple[WorkspaceRequestContext, CodeLocation]]:
    with in_process_test_workspace(instance, _CODE) as workspace:
        yield workspace, workspace.get_code_location(workspace.code_location_names[0])


def _find_job(location: CodeLocation, job_name: str) -> RemoteJob:
    [repository] = location.get_repositories().values()
    return repository.get_full_job(job_name)


def _find_job_of(location: CodeLocation, run: dg.DagsterRun) -> RemoteJob:
    """The job of a run; of one that makes assets that part of the job which makes them."""
    if run.asset_selection is None:
        return _find_job(location, run.job_name)
    [repository] = location.get_repositories()
    selector = JobSubsetSelector(
        location_name=location.name,
        repository_name=repository,
        job_name=run.job_name,
        op_selection=None,
        asset_selection=run.asset_selection,
        asset_check_selection=run.asset_check_selection,
    )
    return location.get_job(selector)


def _get(instance: dg.DagsterInstance, launch_id: str) -> dg.DagsterRun:
    found = instance.get_run_by_id(launch_id)
    assert found
    return found


def reexecute_from_failure(instance: dg.DagsterInstance, parent_id: str) -> str:
    """The button "from failure"; the id of the new launch, which is not started yet."""
    return _reexecute(instance, parent_id, ReexecutionStrategy.FROM_FAILURE)


def reexecute_all(instance: dg.DagsterInstance, parent_id: str) -> str:
    """The button "all steps"; the id of the new launch, which is not started yet."""
    return _reexecute(instance, parent_id, ReexecutionStrategy.ALL_STEPS)


def materialize(instance: dg.DagsterInstance, key: str, tags: dict[str, str]) -> str:
    """The button "materialize"; the id of the new launch, which is not started yet."""
    with _open_location(instance) as (workspace, location):
        [repository] = location.get_repositories()
        selector = JobSubsetSelector(
            location_name=location.name,
            repository_name=repository,
            job_name=ASSET_JOB,
            op_selection=None,
            asset_selection=[dg.AssetKey(key.split("/"))],
        )
        metadata = ExecutionMetadata(run_id=None, tags=tags, root_run_id=None, parent_run_id=None)
        params = ExecutionParams(selector, {}, None, metadata, None)
        return create_valid_pipeline_run(workspace, location.get_job(selector), params).run_id


def execute_assets(
    services: Services, instance: dg.DagsterInstance, keys: Sequence[str], tags: dict[str, str], location: str
) -> dg.DagsterRun:
    """A Dagster run of a location's asset job, as the button "materialize all" launches it and a worker executes it."""
    module, _, name = location.partition(":")
    selection = frozenset(dg.AssetKey(key.split("/")) for key in keys)
    load_data = build_load_data(current_revision(services.store))
    pointer = ModuleCodePointer(module, name, working_directory=None)
    located = ReconstructableRepository(pointer, repository_load_data=load_data)
    job = ReconstructableJob(located, ASSET_JOB).get_subset(asset_selection=selection)
    created = instance.create_run_for_job(
        job_def=job.get_definition(),
        asset_selection=selection,
        tags=tags,
        job_code_origin=job.get_python_origin(),
        repository_load_data=load_data,
    )
    execute_run(ReconstructableJob(located, ASSET_JOB), created, instance)
    return _get(instance, created.run_id)


def _reexecute(instance: dg.DagsterInstance, parent_id: str, strategy: ReexecutionStrategy) -> str:
    parent = _get(instance, parent_id)
    with _open_location(instance) as (workspace, location):
        created = instance.create_reexecuted_run(
            request_context=workspace,
            parent_run=parent,
            code_location=location,
            remote_job=_find_job_of(location, parent),
            strategy=strategy,
            use_parent_run_tags=True,
        )
    return created.run_id


def reexecute_steps(
    instance: dg.DagsterInstance,
    parent_id: str,
    step_keys: Sequence[str],
    *,
    run_config: Any = None,
    job_name: str | None = None,
    **more_tags: str,
) -> str:
    """The button "selected steps"; the id of the new launch, which is not started yet.

    Over GraphQL the parent, the job, the config and the tags may be whatever somebody likes.
    """
    parent = _get(instance, parent_id)
    tags: dict[str, Any] = {"dagster/step_selection": ",".join(step_keys), **more_tags}
    with _open_location(instance) as (workspace, location):
        job = _find_job(location, job_name) if job_name else _find_job_of(location, parent)
        selector = JobSubsetSelector(
            location_name=location.name,
            repository_name=job.repository_handle.repository_name,
            job_name=job_name or parent.job_name,
            op_selection=None,
            asset_selection=parent.asset_selection,
        )
        metadata = ExecutionMetadata(
            run_id=None,
            tags=tags,
            root_run_id=parent.root_run_id or parent.run_id,
            parent_run_id=parent.run_id,
        )
        config = parent.run_config if run_config is None else run_config
        params = ExecutionParams(selector, config, None, metadata, list(step_keys))
        return create_valid_pipeline_run(workspace, job, params).run_id


def launch_subset(instance: dg.DagsterInstance, job_name: str, ops: Sequence[str], run_config: Any) -> str:
    """A launch of some ops of a job, as the launchpad makes one; the id of the launch, which is not started yet."""
    with _open_location(instance) as (workspace, location):
        selector = JobSubsetSelector(
            location_name=location.name,
            repository_name=_find_job(location, job_name).repository_handle.repository_name,
            job_name=job_name,
            op_selection=list(ops),
        )
        metadata = ExecutionMetadata(run_id=None, tags={}, root_run_id=None, parent_run_id=None)
        params = ExecutionParams(selector, run_config, None, metadata, None)
        return create_valid_pipeline_run(workspace, location.get_job(selector), params).run_id


def execute_launch(services: Services, instance: dg.DagsterInstance, launch_id: str) -> None:
    """What the daemon and a run worker do with a launch, done here."""
    dagster_run = _get(instance, launch_id)
    if dagster_run.status is dg.DagsterRunStatus.QUEUED:
        starting = dg.DagsterEvent(dg.DagsterEventType.RUN_STARTING.value, dagster_run.job_name)
        instance.report_dagster_event(starting, launch_id)
        dagster_run = _get(instance, launch_id)
    # A code server would have pinned the newest revision here; a code location in this process leaves the pin out.
    revision = read_revision(instance, dagster_run) or current_revision(services.store)
    execute_run(build_reconstructable_job(dagster_run.job_name, build_load_data(revision)), dagster_run, instance)
    with services.store.read() as connection:
        launch = find_launch(connection, launch_id)
    if launch is not None:
        reconcile_run(services, instance, launch.run_id)
