"""Failed gates: a gate that was rejected, or that expired, is shown by Dagster as a step that failed."""

from collections.abc import Mapping

import dagster as dg

from agentmesh_dagster.entities.models import Run, StepStatus
from agentmesh_dagster.graph.address import read_address
from agentmesh_dagster.runtime.plans import load_pinned_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.specs import NODE_SPECS
from agentmesh_dagster.specs.node_spec import UNKNOWN, NodeSpec
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.translator.dagster_internals import StepFailureData, StepHandle, UnresolvedStepHandle
from agentmesh_dagster.translator.dagster_runs import write_step_key


def read_failed_gates(services: Services, run: Run) -> Mapping[str, str]:
    """Why what waits in a run has failed, by step key."""
    with services.store.read() as connection:
        failed = {
            read_address(step.node_id, step.path): step.error or ""
            for step in list_steps(connection, run.id)
            if _may_wait(NODE_SPECS.get(step.node_type, UNKNOWN))
            and step.status is StepStatus.FAILED
            and not step.caught
        }
    if not failed:
        return {}
    plan = load_pinned_plan(services.store, run.workflow_id, run.revision)
    waited = {address: error for address, error in failed.items() if plan.graph.nodes[plan.key_of(address)].waits}
    return {write_step_key(plan, address): error for address, error in waited.items()}


def _may_wait(spec: NodeSpec) -> bool:
    return spec.waits or spec.waits_if is not None


def report_failed_gates(
    instance: dg.DagsterInstance, dagster_run: dg.DagsterRun, failed_gates: Mapping[str, str]
) -> None:
    """Shows the steps of these gates as failed, as far as the launch asked for them.

    To Dagster they had succeeded: a gate's op ends when somebody is asked. "From failure" begins at what failed, so
    this is how it asks anew.
    """
    for key, error in _list_executed(instance, dagster_run, failed_gates).items():
        instance.report_dagster_event(_build_failure(dagster_run.job_name, key, error), dagster_run.run_id)


def _list_executed(
    instance: dg.DagsterInstance, dagster_run: dg.DagsterRun, failed_gates: Mapping[str, str]
) -> Mapping[str, str]:
    """Those that the launch asked for; of one inside an `each` only if it went to that item."""
    selected = dagster_run.step_keys_to_execute
    single = {key: error for key, error in failed_gates.items() if not key.endswith("]")}
    repeated = {key: error for key, error in failed_gates.items() if key.endswith("]")}
    found = {key: error for key, error in single.items() if selected is None or key in selected}
    if repeated:
        stats = instance.get_run_step_stats(dagster_run.run_id, list(repeated))
        found |= {step.step_key: repeated[step.step_key] for step in stats if step.status is not None}
    return found


def _build_failure(job_name: str, step_key: str, error: str) -> dg.DagsterEvent:
    handle = StepHandle.parse_from_key(step_key)
    assert not isinstance(handle, UnresolvedStepHandle)  # it is that of one item
    return dg.DagsterEvent(
        dg.DagsterEventType.STEP_FAILURE.value,
        job_name,
        step_handle=handle,
        node_handle=handle.node_handle,
        step_kind_value="COMPUTE",
        event_specific_data=StepFailureData(error=None, user_failure_data=None),
        message=error,
    )
