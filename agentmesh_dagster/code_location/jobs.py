"""Jobs of stored workflows; a workflow that cannot be built costs its own job, never the location."""

import dagster as dg

from agentmesh_dagster.code_location.pinning import Pin
from agentmesh_dagster.control.triggers import LoadedTrigger
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.triggers import read_triggers
from agentmesh_dagster.runtime.plans import load_pinned_plan, load_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import find_job, list_job_names
from agentmesh_dagster.translator.build_job import build_job


class WorkflowJobs:
    """The jobs at one catalogue revision, each built when it is asked for."""

    def __init__(self, services: Services, pin: Pin, executor: dg.ExecutorDefinition | None = None) -> None:
        self._services = services
        self._pin = pin
        self._executor = executor
        self._built: dict[str, dg.JobDefinition] = {}

    def list_names(self) -> list[str]:
        return sorted(list_job_names(self._services.store, at=self._pin.revision))

    def get(self, job_name: str) -> dg.JobDefinition:
        """The job; that of a workflow with faults only says what they are. JobNotFound."""
        if job_name not in self._built:
            self._built[job_name] = self._build(job_name)
        return self._built[job_name]

    def _build(self, job_name: str) -> dg.JobDefinition:
        workflow_id = find_job(self._services.store, job_name)
        try:
            return build_job(self._load_plan(workflow_id), job_name, self._services, self._executor)
        except (AgentMeshError, dg.DagsterError) as fault:
            return _build_broken_job(job_name, workflow_id, str(fault))

    def _load_plan(self, workflow_id: str) -> Plan:
        load = load_plan if self._pin.is_new else load_pinned_plan
        return load(self._services.store, workflow_id, self._pin.revision)

    def list_triggers(self) -> list[LoadedTrigger]:
        """The triggers of all workflows that can run; only documents with triggers are read."""
        names = list_job_names(self._services.store, at=self._pin.revision, with_triggers=True)
        return [trigger for job_name, workflow_id in names.items() for trigger in self._load(job_name, workflow_id)]

    def _load(self, job_name: str, workflow_id: str) -> list[LoadedTrigger]:
        try:
            plan = self._load_plan(workflow_id)
        except AgentMeshError:
            return []  # its job says what is wrong
        return [LoadedTrigger(plan, trigger, self.get(job_name)) for trigger in read_triggers(plan.workflow.triggers)]


def _build_broken_job(job_name: str, workflow_id: str, reason: str) -> dg.JobDefinition:
    def fail(_context: dg.OpExecutionContext, _inputs: object) -> None:
        raise dg.Failure(f"The workflow `{workflow_id}` cannot run: {reason}", allow_retries=False)

    op = dg.OpDefinition(compute_fn=fail, name=f"{job_name}__broken", description=reason)
    graph = dg.GraphDefinition(
        name=job_name,
        node_defs=[op],
        dependencies={dg.NodeInvocation(op.name, alias="broken"): {}},
    )
    description = f"⚠ **This workflow cannot run.**\n\n{reason}"
    return dg.JobDefinition(
        graph_def=graph, name=job_name, description=description, executor_def=dg.in_process_executor
    )
