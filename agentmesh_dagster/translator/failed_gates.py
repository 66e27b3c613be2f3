"""Failed gates: a gate that was rejected, or that expired, is shown by Dagster as a step that failed."""

from collections.abc import Mapping

import dagster as dg

from agentmesh_dagster.entities.models import Run, StepStatus
from agentmesh_dagster.runtime.plans import load_pinned_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.specs import NODE_SPECS
from agentmesh_dagster.specs.node_spec import UNKNOWN
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.translator.dagster_internals import NodeHandle, StepFailureData, StepHandle


def read_failed_gates(services: Services, run: Run) -> Mapping[str, str]:
    """Why a run's gates have failed, by op name."""
    with services.store.read() as connection:
        failed = {
            step.node_id: step.error or ""
            for step in list_steps(connection, run.id)
            if NODE_SPECS.get(step.node_type, UNKNOWN).waits and step.status is StepStatus.FAILED
        }
    if not failed:
        return {}
    plan = load_pinned_plan(services.store, run.workflow_id, run.revision)
    return {plan.by_node[node_id].name: error for node_id, error in failed.items()}


def report_failed_gates(
    instance: dg.DagsterInstance, dagster_run: dg.DagsterRun, failed_gates: Mapping[str, str]
) -> None:
    """Shows the steps of these gates as failed, as far as the launch asked for them.

    To Dagster they had succeeded: a gate's op ends when somebody is asked. "From failure" begins at what failed, so
    this is how it asks anew.
    """
    selected = dagster_run.step_keys_to_execute
    for name, error in failed_gates.items():
        if selected is None or name in selected:
            instance.report_dagster_event(_build_failure(dagster_run.job_name, name, error), dagster_run.run_id)


def _build_failure(job_name: str, step_key: str, error: str) -> dg.DagsterEvent:
    handle = NodeHandle(step_key, None)
    return dg.DagsterEvent(
        dg.DagsterEventType.STEP_FAILURE.value,
        job_name,
        step_handle=StepHandle(handle),
        node_handle=handle,
        step_kind_value="COMPUTE",
        event_specific_data=StepFailureData(error=None, user_failure_data=None),
        message=error,
    )
