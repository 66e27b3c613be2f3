"""What a run has made: the value of its asset, and of each part, as they stand in the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import CheckVerdict, RunStatus
from agentmesh_dagster.graph.address import Address, Call
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.context import read_last_outputs
from agentmesh_dagster.runtime.provenance import Provenance, read_provenance
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.materializations import AssetLaunch, find_materialization
from agentmesh_dagster.store.runs import get_run
from agentmesh_dagster.store.steps import read_states


@dataclass(frozen=True)
class Made:
    """What a run that has ended gives to its asset."""

    asked: AssetLaunch
    values: Mapping[str, JsonValue]  # by key, the parts first; empty: the run has failed, by a check of the asset
    verdicts: Sequence[CheckVerdict]
    provenance: Provenance


def read_made(connection: Connection, plan: Plan, run_id: str) -> Made | None:
    """None: the run makes no version of an asset, goes on, or failed before its checks were decided."""
    found, asset = find_materialization(connection, run_id), plan.workflow.asset
    if found is None or asset is None:
        return None
    run = get_run(connection, run_id)
    verdicts = [*(found.verdicts or ())]
    if run.status is not RunStatus.SUCCEEDED:
        is_refused = run.status is RunStatus.FAILED and verdicts
        return Made(found.asked, {}, verdicts, read_provenance(connection, plan, run_id)) if is_refused else None
    states = read_states(connection, run_id, asset.parts)
    have_run = {step.node_id for step, state in states.items() if state.goes_on and not _is_called(step)}
    values = read_last_outputs(connection, plan, run_id, [node for node in asset.parts if node in have_run])
    parts = {asset.parts[node].key: value for node, value in values.items()}
    made = {**parts, asset.key: run.output}
    return Made(found.asked, made, verdicts, read_provenance(connection, plan, run_id))


def _is_called(step: Address) -> bool:
    """Whether it stands inside of a sub-workflow, whose nodes may be called as those of the workflow itself."""
    return any(isinstance(frame, Call) for frame in step.path)
