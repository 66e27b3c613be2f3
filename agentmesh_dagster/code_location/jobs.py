"""Jobs of stored workflows; a workflow that cannot be built costs its own job, never the location."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import dagster as dg

from agentmesh_dagster.code_location.options import LocationOptions
from agentmesh_dagster.code_location.pinning import Pin
from agentmesh_dagster.code_location.promised_jobs import PromisedJob
from agentmesh_dagster.control.children import follow_run, start_awaited
from agentmesh_dagster.control.triggers import LoadedTrigger
from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.triggers import read_triggers
from agentmesh_dagster.runtime.plans import load_pinned_plan, read_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import (
    JobNotFound,
    Key,
    find_asset_workflow,
    find_job,
    list_asset_workflows,
    list_job_names,
    newest_revisions,
)
from agentmesh_dagster.translator.asset_facts import ASSET_JOB
from agentmesh_dagster.translator.build_job import WorkflowGraph, build_job
from agentmesh_dagster.translator.child_runs import ChildRuns
from agentmesh_dagster.translator.presentation import WORKFLOW_TAG

_CHILD_RUNS = ChildRuns(start_awaited, follow_run)


@dataclass(frozen=True)
class BuiltJob:
    """A job with what it was made from."""

    job: dg.JobDefinition
    plan: Plan | None  # None: the workflow cannot run, and its job only says why
    revision: int  # of the catalogue, when it was built

    def is_up_to_date(self, newest: Mapping[Key, int]) -> bool:
        """Whether nothing that it was made from has been saved or deleted since."""
        return self.plan is not None and all(newest.get(key, 0) <= self.revision for key in _list_used(self.plan))


class WorkflowJobs:
    """The jobs at one catalogue revision, each built when it is asked for."""

    def __init__(self, services: Services, pin: Pin, options: LocationOptions = LocationOptions()) -> None:  # noqa: B008
        self._services = services
        self._pin = pin
        self._options = options
        self._built: dict[str, BuiltJob] = {}

    @property
    def revision(self) -> int:
        """The catalogue's."""
        return self._pin.revision

    @property
    def is_new(self) -> bool:
        """Whether a code server loads them; False: a worker rebuilds what its run was launched with."""
        return self._pin.is_new

    def move_to(self, pin: Pin) -> "WorkflowJobs":
        """The jobs at a newer revision; those that nothing was changed in are taken over as they are."""
        moved = WorkflowJobs(self._services, pin, self._options)
        newest = newest_revisions(self._services.store, at=pin.revision)
        moved._built = {name: built for name, built in self._built.items() if built.is_up_to_date(newest)}
        return moved

    def list_names(self) -> list[str]:
        return sorted(self._list_names())

    def list_promised(self) -> list[PromisedJob]:
        """All jobs, none of them built."""
        return [
            PromisedJob(name, workflow_id, self._services, partial(self.get, name))
            for name, workflow_id in self._list_names().items()
        ]

    def _list_names(self, *, with_triggers: bool = False) -> dict[str, str]:
        """Job name → workflow id."""
        names = list_job_names(
            self._services.store,
            at=self._pin.revision,
            with_triggers=with_triggers,
            projects=self._options.projects,
        )
        return {self._options.job_prefix + name: workflow_id for name, workflow_id in names.items()}

    def get(self, job_name: str) -> dg.JobDefinition:
        """The job; that of a workflow with faults only says what they are. JobNotFound."""
        return self._get(job_name).job

    def _get(self, job_name: str) -> BuiltJob:
        if job_name not in self._built:
            self._built[job_name] = self._build(job_name)
        return self._built[job_name]

    def _build(self, job_name: str) -> BuiltJob:
        prefix = self._options.job_prefix
        if not job_name.startswith(prefix):
            raise JobNotFound(f"`{job_name}`")
        workflow_id = find_job(self._services.store, job_name.removeprefix(prefix))
        try:
            plan = self._load_plan(workflow_id)
            job = build_job(
                plan,
                job_name,
                self._services,
                self._options.jobs,
                _CHILD_RUNS,
                first_rounds=self._pin.first_rounds,
            )
        except (AgentMeshError, dg.DagsterError) as fault:
            broken = _build_broken_job(self._services, job_name, workflow_id, str(fault))
            return BuiltJob(broken, None, self._pin.revision)
        return BuiltJob(job, plan, self._pin.revision)

    def _load_plan(self, workflow_id: str) -> Plan:
        load = read_plan if self._pin.is_new else load_pinned_plan
        return load(self._services.store, workflow_id, self._pin.revision)

    def has_assets(self) -> bool:
        """Whether a workflow gives an asset."""
        return bool(self._list_asset_workflows())

    def _list_asset_workflows(self) -> list[str]:
        return list_asset_workflows(self._services.store, at=self._pin.revision, projects=self._options.projects)

    def list_asset_plans(self) -> dict[str, Plan]:
        """Job name → plan of all workflows that give an asset and can run; only documents with assets are read."""
        makers = set(self._list_asset_workflows())
        names = self._list_names()
        plans = {name: self._get(name).plan for name, workflow_id in names.items() if workflow_id in makers}
        return {name: plan for name, plan in plans.items() if plan is not None and plan.workflow.asset is not None}

    def find_maker(self, key: str) -> str:
        """The id of the workflow that makes the asset. Raises AssetNotFound."""
        return find_asset_workflow(self._services.store, key, at=self._pin.revision)

    def get_asset_form(self, workflow_id: str) -> dg.JobDefinition:
        """The workflow's job in its asset form. Raises what keeps it from being built."""
        name = f"{ASSET_JOB} {workflow_id}"  # no job has this name
        if name not in self._built:
            plan = self._load_plan(workflow_id)
            job = build_job(plan, ASSET_JOB, self._services, self._options.jobs, _CHILD_RUNS)
            self._built[name] = BuiltJob(job, plan, self._pin.revision)
        return self._built[name].job

    def list_triggers(self) -> list[LoadedTrigger]:
        """The triggers of all workflows that can run; only documents with triggers are read."""
        built = [self._get(job_name) for job_name in self._list_names(with_triggers=True)]
        return [
            LoadedTrigger(one.plan, trigger, one.job)
            for one in built
            if one.plan is not None  # else its job says what is wrong
            for trigger in read_triggers(one.plan.workflow.triggers)
        ]


def _list_used(plan: Plan) -> set[Key]:
    """The entities that the plan was made from, those that it looked for in vain included."""
    tools = {tool for agent in plan.agents.values() for tool in agent.tools}
    named = {
        (kind, identity)
        for flow in (plan.workflow, *plan.workflows.values())
        for kind in (Kind.WORKFLOW, Kind.AGENT, Kind.TOOL)
        for identity in flow.graph.list_named(kind)
    }
    return {
        (Kind.WORKFLOW, plan.workflow.id),
        (Kind.PROJECT, plan.workflow.project_id),
        *named,
        *((Kind.TOOL, tool) for tool in tools),
    }


def _build_broken_job(services: Services, job_name: str, workflow_id: str, reason: str) -> dg.JobDefinition:
    def fail(_context: dg.OpExecutionContext, _inputs: object) -> None:
        raise dg.Failure(f"The workflow `{workflow_id}` cannot run: {reason}", allow_retries=False)

    op = dg.OpDefinition(compute_fn=fail, name=f"{job_name}__broken", description=reason)
    graph = WorkflowGraph(
        job_name,
        services,
        node_defs=[op],
        dependencies={dg.NodeInvocation(op.name, alias="broken"): {}},
    )
    return dg.JobDefinition(
        graph_def=graph,
        name=job_name,
        description=f"⚠ **This workflow cannot run.**\n\n{reason}",
        executor_def=dg.in_process_executor,
        tags={WORKFLOW_TAG: workflow_id},
    )
