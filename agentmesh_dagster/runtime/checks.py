"""Checks of an asset: decided once, in the transaction that ends the run which makes a version of it."""

from collections.abc import Mapping, Sequence

from agentmesh_dagster.entities.assets import AssetCheck
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import CheckVerdict
from agentmesh_dagster.graph.expressions import ExpressionFault, parse_expression
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.context import describe_run, read_asset_context, read_last_outputs
from agentmesh_dagster.specs.nodes.human_approval import CheckedConfig
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.gates import StoredGate, list_answered_gates
from agentmesh_dagster.store.runs import get_run


def decide_checks(connection: Connection, plan: Plan, run_id: str, output: JsonValue) -> list[CheckVerdict]:
    """How the checks of the asset come out for this output of the run."""
    asset = plan.workflow.asset
    if asset is None or not asset.checks:
        return []
    context = _read_context(connection, plan, run_id, asset.checks)
    gate = _find_approval(connection, plan, run_id) if asset.asks else None
    return [_decide(check, context, output, gate) for check in asset.checks]


def _decide(
    check: AssetCheck, context: Mapping[str, JsonValue], output: JsonValue, gate: StoredGate | None
) -> CheckVerdict:
    verdict = decide_check(check, see_output(context, output))
    if gate is None or not check.ask or decide_check(check, see_output(context, gate.payload)).passed:
        return verdict
    return verdict.model_copy(update={"approved_by": gate.answered_by, "changed": output != gate.payload})


def _find_approval(connection: Connection, plan: Plan, run_id: str) -> StoredGate | None:
    """The gate in front of the run's end, if a person was asked there."""
    answered = list_answered_gates(connection, [run_id])
    return next((gate for gate in answered if isinstance(plan.node_of(gate.address).config, CheckedConfig)), None)


def decide_check(check: AssetCheck, context: Mapping[str, JsonValue]) -> CheckVerdict:
    """What the check finds; one that cannot be decided has not passed."""
    passed, reason = False, None
    try:
        passed = parse_expression(check.condition).evaluate_condition(context)
    except ExpressionFault as fault:
        reason = str(fault)
    return CheckVerdict(name=check.name, passed=passed, severity=check.severity, blocking=check.blocking, reason=reason)


def see_output(context: Mapping[str, JsonValue], output: JsonValue) -> dict[str, JsonValue]:
    """The context as checks see it: with what the run gives, or would give."""
    return {**context, "output": output, "last_output": output}


def describe_blocked(verdicts: Sequence[CheckVerdict]) -> str | None:
    """Why checks fail the run; None: they do not."""
    blocking = [verdict for verdict in verdicts if verdict.blocks]
    if not blocking:
        return None
    failed = [f"`{verdict.name}`" + (f" ({verdict.reason})" if verdict.reason else "") for verdict in blocking]
    return f"Blocking checks of the asset failed: {', '.join(failed)}."


def _read_context(
    connection: Connection, plan: Plan, run_id: str, checks: Sequence[AssetCheck]
) -> dict[str, JsonValue]:
    paths = [reference.path for check in checks for reference in parse_expression(check.condition).references]
    names = dict.fromkeys(str(path[1]) for path in paths if len(path) > 1 and path[0] == "outputs")
    run = get_run(connection, run_id)
    return {
        "input": run.input,
        "outputs": read_last_outputs(connection, plan, run_id, list(names)),
        "run": describe_run(run, plan),
        **read_asset_context(connection, plan, run_id),
    }
