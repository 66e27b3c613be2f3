"""The job in which Dagster makes assets, `__ASSET_JOB`: of one workflow's asset it is that workflow's own job.

Whoever makes assets, Dagster's UI, its daemon, and the worker of each of their runs, asks the job of that name for a
subset of itself. So the run that makes an asset is the workflow's run, and a worker builds one job.
"""

import copy
from collections.abc import Sequence, Set
from functools import cached_property
from typing import Any

import dagster as dg
from dagster import JobDefinition  # Dagster's records look for this name in the module from which they are made

from agentmesh_dagster.code_location.dagster_internals import (
    AssetGraph,
    AssetSelectionData,
    build_asset_job,  # pyright: ignore[reportUnknownVariableType]
)
from agentmesh_dagster.code_location.jobs import WorkflowJobs
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.translator.asset_facts import ASSET_JOB
from agentmesh_dagster.translator.asset_specs import build_assets_definition, build_outs, name_inputs

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
        return [_define_facade(plan, self._services) for plan in self._jobs.list_asset_plans()]

    @cached_property
    def job(self) -> dg.JobDefinition:
        """In a worker it knows no asset until it is asked for one."""
        return self.whole if self._jobs.is_new else _define_job(self, [])

    @cached_property
    def whole(self) -> "AssetJob":
        """One op for each asset."""
        return _define_job(self, self.definitions)

    def find_own_job(self, selected: Set[dg.AssetKey], checks: Set[dg.AssetCheckKey] | None) -> dg.JobDefinition | None:
        """The job of the one workflow that makes all of these; None: there are several."""
        keys = {*selected, *(check.asset_key for check in checks or ())}
        makers = (self._jobs.find_maker(key.to_user_string()) for key in keys)
        first = next(makers)
        if any(maker != first for maker in makers):
            return None
        form = self._jobs.get_asset_form(first)
        known = (form, frozenset(selected), None if checks is None else frozenset(checks))
        if known not in self._subsets:
            self._subsets[known] = subset = copy.copy(form)
            subset._subset_selection_data = AssetSelectionData(  # pyright: ignore[reportPrivateUsage]
                asset_selection=known[1], asset_check_selection=known[2], parent_job_def=form
            )
        return self._subsets[known]

    def build_sensors(self) -> Sequence[dg.SensorDefinition]:
        """The sensor that asks for assets by their automation, where one has some."""
        if not any(plan.workflow.asset and plan.workflow.asset.automation for plan in self._jobs.list_asset_plans()):
            return []
        running = dg.DefaultSensorStatus.RUNNING
        return [dg.AutomationConditionSensorDefinition(_SENSOR, target=dg.AssetSelection.all(), default_status=running)]


class AssetJob(JobDefinition):
    """Of one workflow's asset its job in asset form; of several, and as a whole, one op for each."""

    owner: AssetJobs

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
            self.owner.whole, asset_selection=asset_selection, asset_check_selection=asset_check_selection
        )


def _define_job(owner: AssetJobs, definitions: Sequence[dg.AssetsDefinition]) -> AssetJob:
    graph = AssetGraph.from_assets(definitions)
    job = build_asset_job(ASSET_JOB, graph, allow_different_partitions_defs=True, executor_def=dg.in_process_executor)
    job.__class__ = AssetJob  # Dagster says of no class of its own how such a job is made
    assert isinstance(job, AssetJob)
    job.owner = owner
    return job


def _define_facade(plan: Plan, services: Services) -> dg.AssetsDefinition:
    asset = plan.workflow.asset
    assert asset is not None
    op = dg.OpDefinition(
        compute_fn=_refuse,
        name=f"{plan.workflow.id}__asset",
        ins={name: dg.In(dg.Nothing) for name in name_inputs(asset).values()},
        outs=build_outs(asset),
    )
    return build_assets_definition(plan, op, services.settings, has_inputs=True)


def _refuse(_context: dg.OpExecutionContext, _inputs: object) -> None:
    raise AgentMeshError("several workflows in one run")
