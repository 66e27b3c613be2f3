"""Names: a host project's stand; a workflow that claims one of them, or another's, goes without its job.

Workflows are saved by people who do not know what else the location holds, and Dagster refuses a whole location for
one name that is there twice.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard, cast

import dagster as dg

from agentmesh_dagster.code_location.dagster_internals import Parts
from agentmesh_dagster.code_location.problems import JobProblem, report_problems
from agentmesh_dagster.code_location.sensors import Scope, build_runs_sensor, find_scopes
from agentmesh_dagster.translator.asset_facades import Facade, find_facade
from agentmesh_dagster.translator.build_job import WorkflowGraph
from agentmesh_dagster.translator.presentation import WORKFLOW_TAG

Instigator = Any  # a schedule or sensor, of whichever of Dagster's classes

_RENAME = "Rename the workflow, or give the component, or build_definitions, a job_prefix."


def settle_names(parts: Parts) -> Parts:
    """The parts of a `Definitions` without those workflows' jobs, triggers and assets whose names others have."""
    jobs, schedules, sensors = (list(_each_once(parts.get(name) or ())) for name in ("jobs", "schedules", "sensors"))
    if not any(_is_ours(job) for job in jobs) and not any(find_scopes(sensor) for sensor in sensors):
        return parts
    names = _Names(parts)
    for job in [*jobs, *(target.job_def for one in [*schedules, *sensors] for target in _list_targets(one))]:
        names.take_host_job(job)
    for one in [*schedules, *sensors]:
        names.take_host_instigator(one)
    settled = {
        "jobs": [job for job in jobs if not _is_ours(job) or names.may_have_job(job)],
        "assets": [one for one in parts.get("assets") or () if names.may_have_asset(one)],
        "schedules": [one for one in schedules if not _is_trigger(one) or names.may_have_trigger(one)],
        "sensors": [kept for one in sensors for kept in names.settle_sensor(one)],
    }
    stores = {scope.services.settings.store_url: scope.services.store for scope in names.scopes}
    report_problems(stores, names.problems)
    return {**parts, **settled}


def list_host_keys(parts: Parts) -> set[dg.AssetKey]:
    """The keys of the host's own assets."""
    return {key for one in parts.get("assets") or () if not find_facade(one) for key in _list_keys(one)}


def _list_keys(asset: Any) -> Iterable[dg.AssetKey]:
    if isinstance(asset, dg.AssetsDefinition):
        return asset.keys
    return [asset.key] if isinstance(asset, dg.AssetSpec | dg.SourceAsset) else []


def _each_once(objects: Iterable[Any]) -> Iterator[Any]:
    yield from {id(one): one for one in objects}.values()


def _is_ours(job: object) -> TypeGuard[dg.JobDefinition]:
    return isinstance(job, dg.JobDefinition) and isinstance(job.graph, WorkflowGraph)


def _is_trigger(instigator: Instigator) -> bool:
    return WORKFLOW_TAG in (instigator.tags or {})


def _list_targets(instigator: Instigator) -> Iterable[Any]:
    """The targets of a schedule or sensor that bring a job with them."""
    if isinstance(instigator, dg.SensorDefinition):
        targets: Iterable[Any] = instigator.targets
    else:
        targets = (instigator.target,) if isinstance(instigator, dg.ScheduleDefinition) else ()
    return [target for target in targets if target.has_job_def]


def _list_nodes(job: object) -> list[Any]:
    if isinstance(job, dg.JobDefinition):
        return [*job.all_node_defs, job.graph]
    return [job, *job.node_defs] if isinstance(job, dg.GraphDefinition) else []


@dataclass
class _Names:
    """The names of one location, with who has them."""

    parts: Parts
    jobs: dict[str, dg.JobDefinition | None] = field(default_factory=dict[str, Any])  # None: the host's
    keys: dict[dg.AssetKey, Facade | None] = field(default_factory=dict[dg.AssetKey, Any])  # None: the host's
    nodes: dict[str, object] = field(default_factory=dict[str, object])  # ops, graphs and what computes assets
    instigators: dict[str, str] = field(default_factory=dict[str, str])  # schedules and sensors; who has the name
    scopes: list[Scope] = field(default_factory=list[Scope])
    problems: list[JobProblem] = field(default_factory=list[JobProblem])
    _runs_sensor: list[Scope] | None = None  # of the sensor that was kept

    def __post_init__(self) -> None:
        for assets in [*(self.parts.get("assets") or ()), *(self.parts.get("asset_checks") or ())]:
            if isinstance(assets, dg.AssetsDefinition) and assets.is_executable and not find_facade(assets):
                self.nodes[assets.node_def.name] = assets.node_def
        self.keys = dict.fromkeys(list_host_keys(self.parts))

    def take_host_job(self, job: Any) -> None:
        if not _is_ours(job):
            self.jobs[job.name] = None
            self._take_nodes(job)

    def take_host_instigator(self, one: Instigator) -> None:
        if not _is_trigger(one) and find_scopes(one) is None:
            self.instigators[one.name] = "sensor" if isinstance(one, dg.SensorDefinition) else "schedule"

    def _take_nodes(self, job: object) -> None:
        for node in _list_nodes(job):
            self.nodes[node.name] = node

    def may_have_job(self, job: dg.JobDefinition) -> bool:
        """Whether the workflow has its job; else the reason is written down."""
        reason = self._find_clash(job) or self._find_missing_resource(job)
        if reason is None:
            self.jobs[job.name] = job
            self._take_nodes(job)
            return True
        if not self._is_same(job.name, job.tags[WORKFLOW_TAG], job):
            self._report(job, f"has no job: {reason}")
        return False

    def _is_same(self, job_name: str, workflow_id: str, other: dg.JobDefinition | None = None) -> bool:
        """Whether the job that has this name is this workflow's, given twice because two `build_definitions` do."""
        job = self.jobs.get(job_name)
        if job is None or job.tags[WORKFLOW_TAG] != workflow_id:
            return False
        return other is None or _find_store_url(job) == _find_store_url(other)

    def _find_clash(self, job: dg.JobDefinition) -> str | None:
        if job.name in self.jobs:
            whose = "a job of this code location's own" if self.jobs[job.name] is None else "another workflow's job"
            return f"`{job.name}` is {whose}. {_RENAME}"
        for node in _list_nodes(job):
            if self.nodes.get(node.name, node) is not node:
                return f"`{node.name}` is an op, a graph or an asset of this code location's own. {_RENAME}"
        return None

    def _find_missing_resource(self, job: dg.JobDefinition) -> str | None:
        """Why Dagster could not bind the host's resources to the job; it would refuse the whole location for that."""
        if not job.is_missing_required_resources():
            return None
        resources = cast("Mapping[str, Any]", self.parts.get("resources") or {})
        stand_ins = {key: dg.ResourceDefinition.none_resource() for key in resources}
        try:
            job.with_top_level_resources({**stand_ins, **job.resource_defs})
        except dg.DagsterError as fault:
            return str(fault).splitlines()[0]
        return None

    def may_have_trigger(self, one: Instigator) -> bool:
        """Whether a trigger's schedule or sensor is kept: not without its job, nor under a name that is taken."""
        workflow_id, job = one.tags[WORKFLOW_TAG], self.jobs.get(one.job_name)
        if job is None or job.tags[WORKFLOW_TAG] != workflow_id:
            return False  # its job is gone, and the reason is told there
        if (holder := self.instigators.get(one.name)) == "trigger":
            return False  # of the same workflow, given twice
        if holder is not None:
            fault = f"lacks a trigger: `{one.name}` is a {holder} of this code location's own. {_RENAME}"
            self._report(job, fault)
            return False
        self.instigators[one.name] = "trigger"
        return True

    def may_have_asset(self, made: Any) -> bool:
        """Whether an asset is kept, one of a workflow only with its job; why it is not is written down."""
        facade = find_facade(made)
        if facade is None:
            return True
        job = self.jobs.get(facade.job_name)
        if job is None or job.tags[WORKFLOW_TAG] != facade.plan.workflow.id:
            return False  # its job is gone, and the reason is told there
        taken = next((key for key in made.keys if key in self.keys), None)
        if taken is None and self.nodes.get(made.node_def.name, made.node_def) is made.node_def:
            self.keys |= dict.fromkeys(made.keys, facade)
            return True
        holder = self.keys.get(taken) if taken else None
        if holder is None or holder.job_name != facade.job_name:
            name = taken.to_user_string() if taken else made.node_def.name
            whose = "another workflow's asset" if holder else "an asset, an op or a graph of this code location's own"
            self._report(job, f"gives no asset: `{name}` is {whose}. Give it another key.")
        return False

    def settle_sensor(self, one: Instigator) -> Iterator[Instigator]:
        """The sensor, or what stands in its place: one sensor looks after all runs."""
        scopes = find_scopes(one)
        if scopes is None:
            if not _is_trigger(one) or self.may_have_trigger(one):
                yield one
            return
        self.scopes += scopes
        if one.name not in self.instigators:
            self.instigators[one.name] = "agentmesh"
            self._runs_sensor = scopes
            yield one
        elif self._runs_sensor is not None and self.instigators[one.name] == "agentmesh":
            known = {scope.digest for scope in self._runs_sensor}
            self._runs_sensor += [scope for scope in scopes if scope.digest not in known]
        else:  # the host has one of this name
            self.instigators[f"{one.name}_"] = "agentmesh"
            self._runs_sensor = scopes
            yield build_runs_sensor(scopes, f"{one.name}_")

    def _report(self, job: dg.JobDefinition, fault: str) -> None:
        workflow_id = job.tags[WORKFLOW_TAG]
        self.problems.append(JobProblem(_find_store_url(job), workflow_id, f"The workflow `{workflow_id}` {fault}"))


def _find_store_url(job: dg.JobDefinition) -> str:
    assert isinstance(job.graph, WorkflowGraph)
    return job.graph.services.settings.store_url
