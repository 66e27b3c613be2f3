"""The job in which Dagster makes assets, `__ASSET_JOB`: of one workflow's asset it is that workflow's own job.

Whoever makes assets, Dagster's UI, its daemon, and the worker of each of their runs, asks the job of that name for a
subset of itself. So the run that makes an asset is the workflow's run, and a worker builds one job.
"""

import copy
from collections.abc import Sequence, Set
from functools import cached_property
from typing import Any, Protocol

import dagster as dg
from dagster import JobDefinition  # Dagster's records look for this name in the module from which they are made

from agentmesh_dagster.code_location.code_server import is_run_worker
from agentmesh_dagster.code_location.dagster_internals import (
    AssetGraph,
    AssetSelectionData,
    build_asset_job,  # pyright: ignore[reportUnknownVariableType]
)
from agentmesh_dagster.code_location.jobs import WorkflowJobs
from agentmesh_dagster.control.facades import execute_within
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import AssetNotFound
from agentmesh_dagster.translator.asset_facades import Facade, build_facade
from agentmesh_dagster.translator.asset_facts import ASSET_JOB

_SENSOR = "agentmesh_assets"


class AssetJobs:
    """The job of all assets at one catalogue revision."""

    def __init__(self, services: Services, jobs: WorkflowJobs) -> None:
        self._services = services
        self._jobs = jobs
        self._subsets: dict[tuple[object, ...], dg.JobDefinition] = {}  # each keeps what Dagster works out of it

    @cached_property
    def definitions(self) -> Sequence[dg.AssetsDefinition]:
        """What Dagster is told of the asset of each workflow."""
        makers = self._jobs.list_asset_plans().items()
        return [build_facade(Facade(plan, job_name, self._services, execute_within)) for job_name, plan in makers]

    @cached_property
    def job(self) -> dg.JobDefinition:
        """In a worker it knows no asset until it is asked for one."""
        # What a code server serves it has rebuilt as a worker would, of the revision that it has just noted.
        return define_asset_job(self, []) if not self._jobs.is_new and is_run_worker() else self._whole

    @cached_property
    def _whole(self) -> dg.JobDefinition:
        return define_asset_job(self, self.definitions)

    def get_whole(self) -> dg.JobDefinition:
        """The job of all assets, with one op for each workflow."""
        return self._whole

    def find_own_job(self, selected: Set[dg.AssetKey], checks: Set[dg.AssetCheckKey] | None) -> dg.JobDefinition | None:
        """The job of the one workflow that makes all of these; None: there is none, or several."""
        keys = {*selected, *(check.asset_key for check in checks or ())}
        try:
            maker = self._jobs.find_maker(next(iter(keys)).to_user_string())
        except AssetNotFound:
            return None
        form = self._jobs.get_asset_form(maker)
        if not keys <= form.asset_layer.selected_asset_keys:
            return None
        known = (form, frozenset(selected), None if checks is None else frozenset(checks))
        if known not in self._subsets:
            self._subsets[known] = subset = copy.copy(form)
            subset._subset_selection_data = AssetSelectionData(  # pyright: ignore[reportPrivateUsage]
                asset_selection=known[1], asset_check_selection=known[2], parent_job_def=form
            )
        return self._subsets[known]

    def build_sensors(self) -> Sequence[dg.SensorDefinition]:
        """The sensor that asks for assets by their automation, where one has some."""
        plans = self._jobs.list_asset_plans().values()
        if not any(plan.workflow.asset and plan.workflow.asset.automation for plan in plans):
            return []
        running = dg.DefaultSensorStatus.RUNNING
        return [dg.AutomationConditionSensorDefinition(_SENSOR, target=dg.AssetSelection.all(), default_status=running)]


class AssetJobOwner(Protocol):
    """Whoever knows the workflows that make assets."""

    def get_whole(self) -> dg.JobDefinition:
        """The job of all assets, with one op for each workflow."""
        ...

    def find_own_job(self, selected: Set[dg.AssetKey], checks: Set[dg.AssetCheckKey] | None) -> dg.JobDefinition | None:
        """The job of the one workflow that makes all of these; None: there is none, or several."""
        ...


class AssetJob(JobDefinition):
    """Of one workflow's asset its job in asset form; of several, and as a whole, one op for each."""

    owner: AssetJobOwner

    def get_subset(
        self,
        *,
        op_selection: Any = None,
        asset_selection: Any = None,
        asset_check_selection: Any = None,
    ) -> dg.JobDefinition:
        if op_selection or not (asset_selection or asset_check_selection):
            return super().get_subset(op_selection=op_selection)
        own = self.owner.find_own_job(asset_selection or set(), asset_check_selection)
        if own is not None:
            return own
        return JobDefinition.get_subset(
            self.owner.get_whole(), asset_selection=asset_selection, asset_check_selection=asset_check_selection
        )


def define_asset_job(owner: AssetJobOwner, definitions: Sequence[dg.AssetsDefinition]) -> dg.JobDefinition:
    """The job of these assets; whoever asks it for a subset gets what `owner` finds."""
    graph = AssetGraph.from_assets(definitions)
    job = build_asset_job(ASSET_JOB, graph, allow_different_partitions_defs=True, executor_def=dg.in_process_executor)
    return own_asset_job(job, owner)


def own_asset_job(job: dg.JobDefinition, owner: AssetJobOwner) -> dg.JobDefinition:
    """The same job, of which `owner` finds the subsets."""
    owned = copy.copy(job)
    owned.__class__ = AssetJob  # Dagster says of no class of its own how such a job is made
    assert isinstance(owned, AssetJob)
    owned.owner = owner
    return owned
