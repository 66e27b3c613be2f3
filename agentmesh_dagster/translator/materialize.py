"""The op that a job has more in its asset form: behind all ends it tells Dagster what the run has made.

The run decides, in the store, and Dagster is told: so ends in several arms, parts in rounds and items, and launches
behind gates need no special case. Should the worker die before it tells, whoever ends the launch does it.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import dagster as dg

from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.models import CheckVerdict
from agentmesh_dagster.graph.names import safe_name
from agentmesh_dagster.graph.plan import RESULT, Plan, PlannedOp, Port, Wiring
from agentmesh_dagster.runtime.made import Made, read_made
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.launches import find_launch
from agentmesh_dagster.translator.asset_facts import write_input_tags
from agentmesh_dagster.translator.asset_specs import build_outs, read_key
from agentmesh_dagster.translator.ops import PARENTS, RESOURCE, read_run
from agentmesh_dagster.translator.provenance import describe_made

Told = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]


def plan_materialize(plan: Plan) -> PlannedOp:
    """The op as the others are planned, beside them: its node is an end, as that of a collect op is its `each`."""
    taken = {(*op.boxes, op.alias)[0] for op in plan.ops}
    ends = [plan.by_node[node.id] for node in plan.ends]
    ports = tuple(Port(op.name, RESULT) for op in ends)
    return PlannedOp(safe_name("materialize", taken), (), ends[0].node, Wiring.SINGLE, ports, {})


def build_materialize_op(plan: Plan, op: PlannedOp) -> dg.OpDefinition:
    asset = plan.workflow.asset
    assert asset is not None
    return dg.OpDefinition(
        compute_fn=_materialize,
        name=f"{op.alias}_{hashlib.sha256(write_json([*asset.keys]).encode()).hexdigest()[:16]}",
        ins={PARENTS: dg.In(dg.Nothing)},
        outs=build_outs(asset),
        description="Tells Dagster what the run has made, once it has succeeded.",
        required_resource_keys={RESOURCE},
        tags={"kind": "asset"},
    )


def list_makers(job: dg.JobDefinition) -> list[str]:
    """The step keys of what makes the asset; none of a job that is not in its asset form."""
    return [str(one.node_handle) for one in job.asset_layer.data]


def _materialize(context: dg.OpExecutionContext, _inputs: object) -> Told:
    compiled, run_id = read_run(context)
    with compiled.services.store.read() as connection:
        made, launch = read_made(connection, compiled.plan, run_id), find_launch(connection, context.run_id)
    if made is None or launch is None or launch.ended_at is not None:  # given up, and another one tells
        context.log.info("There is nothing to tell.")
        return
    yield from tell(compiled.services, compiled.plan, made)


def tell(services: Services, plan: Plan, made: Made) -> Told:
    """What an op yields for the versions that the run has made, and for the verdicts of their checks."""
    asset = plan.workflow.asset
    assert asset is not None
    tags = write_input_tags(made.asked.upstream)
    for key, value in made.values.items():
        metadata = describe_made(made.provenance, value, services.settings)
        yield dg.MaterializeResult(
            asset_key=read_key(key), metadata=metadata, data_version=name_version(value), tags=tags
        )
        crash_point(CrashPoint.VERSION_TOLD)
    for verdict in made.verdicts:
        yield dg.AssetCheckResult(asset_key=read_key(asset.key), **describe_verdict(verdict))


def describe_verdict(verdict: CheckVerdict) -> dict[str, Any]:
    """What Dagster is told of how a check came out: as no error where somebody let the run end all the same."""
    severity = "warn" if verdict.approved_by is not None else verdict.severity
    return {
        "check_name": verdict.name,
        "passed": verdict.passed,
        "severity": dg.AssetCheckSeverity[severity.upper()],
        "description": " ".join(filter(None, (verdict.reason, _describe_approval(verdict)))) or None,
    }


def _describe_approval(verdict: CheckVerdict) -> str | None:
    if verdict.approved_by is None:
        return None
    return f"Approved by {verdict.approved_by}, {'with another output' if verdict.changed else 'as it was'}."


def name_version(value: JsonValue) -> dg.DataVersion:
    """The digest of a value: the same text is the same version."""
    return dg.DataVersion(hashlib.sha256(write_json(value).encode()).hexdigest())
