"""Ops: thin shells that hand a step to the runtime and tell Dagster what came of it."""

import hashlib
import threading
from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

import dagster as dg

from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.models import JsonObject, StepStatus
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.address import Item
from agentmesh_dagster.graph.plan import ITEM, RESULT, Plan, PlannedOp, Wiring
from agentmesh_dagster.runtime.begin import begin_launch
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.step import Outcome, StepFailed, StepReport, StepTask, run_step
from agentmesh_dagster.settings import Settings, link_run
from agentmesh_dagster.specs import TOOL_SPECS
from agentmesh_dagster.specs.node_config import Retry
from agentmesh_dagster.store.materializations import find_materialization
from agentmesh_dagster.store.steps import StepEnd, read_states
from agentmesh_dagster.store.waits import WaitKind
from agentmesh_dagster.translator.asset_specs import read_key
from agentmesh_dagster.translator.child_runs import NOBODY, ChildRuns
from agentmesh_dagster.translator.dagster_internals import EngineEventData
from agentmesh_dagster.translator.dagster_runs import (
    read_launch_facts,
    read_mapping_key,
    read_op_key,
    write_mapping_key,
)
from agentmesh_dagster.translator.launchpad import INPUT, build_input_field, build_optional_input
from agentmesh_dagster.translator.presentation import build_metadata, describe_op, describe_wait, kind_of

RESOURCE = "agentmesh"
EACH_TAG = "agentmesh/each"  # on the steps of an `each` that says how many are executed at once: which one
PARENTS = "parents"  # the fan-in input of an op outside an `each`

Yielded = Generator[dg.Output[None] | dg.DynamicOutput[None]]


@dataclass(frozen=True)
class CompiledWorkflow:
    """What the ops of a job need at run time: the plan that they were built from, and the services."""

    plan: Plan
    services: Services
    child_runs: ChildRuns = NOBODY
    has_all_rounds: bool = True  # False: its job has the first rounds of each loop only
    run_ids: dict[str, str] = field(default_factory=dict[str, str])  # of the launches that this process has taken up


@dataclass(frozen=True)
class _OpContent:
    """All that an op definition says: nodes for which it is the same share one, whatever workflow they are of."""

    name: str  # the node's; the definition's has a digest of the rest as well
    wiring: Wiring
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    description: str
    kind: str
    pool: str | None
    input_schema: JsonObject | None  # of the start op
    derives_input: bool = False  # of the start op in an asset form: what it is not given follows from the run
    resource_keys: tuple[str, ...] = ()  # of a host project's

    @property
    def definition_name(self) -> str:
        """Unique over the repository, as Dagster asks for: another content is another name."""
        rest: list[JsonValue] = [self.wiring, [*self.inputs], [*self.outputs], self.description, self.kind, self.pool]
        text = write_json([*rest, self.input_schema, *self.resource_keys])
        rest += ["derives"] if self.derives_input else []
        return f"{self.name}_{hashlib.sha256(text.encode()).hexdigest()[:16]}"


_definitions: WeakValueDictionary[str, dg.OpDefinition] = WeakValueDictionary()  # by name, while a job has them
_defining = threading.Lock()


def build_op(
    plan: Plan, op: PlannedOp, settings: Settings, resource_keys: Collection[str] = (), *, derives_input: bool = False
) -> dg.OpDefinition:
    """The op definition for a planned op, shared with all nodes that are told the same.

    It asks for the host's `resource_keys` if it may call a function tool. `derives_input`: a run that is given no input
    has one anyway.
    """
    is_collect = op.wiring is Wiring.COLLECT
    content = _OpContent(
        name=op.alias,
        wiring=op.wiring,
        inputs=_name_inputs(op),
        outputs=tuple(op.outputs.values()),
        description=describe_op(plan, op),
        kind=kind_of(plan, op, settings),
        pool=None if is_collect else op.node.config.pool,
        input_schema=None if op.inputs else plan.workflow.input_schema,
        derives_input=derives_input and not op.inputs,
        resource_keys=tuple(sorted(resource_keys)) if _may_call_functions(plan, op) else (),
    )
    name = content.definition_name
    with _defining:  # two objects of one name in a repository would be refused
        definition = _definitions.get(name)
        if definition is None:
            definition = _definitions[name] = _define(content, name)
    return definition


def _may_call_functions(plan: Plan, op: PlannedOp) -> bool:
    agent = plan.agents.get(op.node.agent_id or "")
    tools = [*(agent.tools if agent else ()), *([op.node.tool_id] if op.node.tool_id else ())]
    types = {tool.type for name in tools if (tool := plan.tools.get(name))}
    return any(TOOL_SPECS[name].runs_in_python for name in types if name in TOOL_SPECS)


def _define(content: _OpContent, name: str) -> dg.OpDefinition:
    is_start = not content.inputs
    return dg.OpDefinition(
        compute_fn=collect_items if content.wiring is Wiring.COLLECT else execute_step,
        name=name,
        ins={name: dg.In(dg.Nothing) for name in content.inputs},
        outs=_build_outs(content),
        description=content.description,
        config_schema={INPUT: _build_input(content)} if is_start else None,
        required_resource_keys={RESOURCE, *content.resource_keys},
        tags={"kind": content.kind},
        pool=content.pool,
    )


def _build_input(content: _OpContent) -> dg.Field:
    build = build_optional_input if content.derives_input else build_input_field
    return build(content.input_schema)


def input_names(op: PlannedOp) -> Mapping[str, str]:
    """Source step key → input name, for ops below a fan-out, where Dagster knows no fan-in lists."""
    return {port.source: f"from_{port.source.replace('.', '__')}" for port in op.inputs}


def _name_inputs(op: PlannedOp) -> tuple[str, ...]:
    if op.wiring in (Wiring.REPEATED, Wiring.COLLECT):
        return tuple(input_names(op).values())
    return (PARENTS,) if op.inputs else ()


def _build_outs(content: _OpContent) -> Mapping[str, dg.Out | dg.DynamicOut]:
    # Dagster carries the order of the steps; their outputs stay in the store: see ARCHITECTURE, "Outputs".
    if content.wiring is Wiring.FAN_OUT:
        return {ITEM: dg.DynamicOut(dg.Nothing)}
    if content.wiring is Wiring.CONDITIONAL:
        return {name: dg.Out(dg.Nothing, is_required=False) for name in content.outputs}
    # Below a fan-out Dagster knows no skipping: such an op always yields, and the store says what was skipped.
    return {RESULT: dg.Out(dg.Nothing, is_required=content.wiring is Wiring.REPEATED)}


def build_retry_policy(op: PlannedOp) -> dg.RetryPolicy | None:
    """Dagster's retry policy of the node; None when it is tried once."""
    return None if op.wiring is Wiring.COLLECT else _build_retry_policy(op.node.config.retry)


def _build_retry_policy(retry: Retry) -> dg.RetryPolicy | None:
    if retry.max_attempts == 1:
        return None
    backoff = {"constant": None, "linear": dg.Backoff.LINEAR, "exponential": dg.Backoff.EXPONENTIAL}[retry.backoff]
    jitter = {True: dg.Jitter.PLUS_MINUS, "plus_minus": dg.Jitter.PLUS_MINUS, "full": dg.Jitter.FULL}.get(retry.jitter)
    return dg.RetryPolicy(max_retries=retry.max_attempts - 1, delay=retry.delay_seconds, backoff=backoff, jitter=jitter)


def execute_step(context: dg.OpExecutionContext, _inputs: Mapping[str, Any]) -> Yielded:
    """Compute function of every op that stands for a node."""
    compiled = _compiled(context)
    op = compiled.plan.by_name[read_op_key(context.op_handle)]
    task = StepTask(
        run_id=_take_up(context, compiled),
        launch_id=context.run_id,
        op=op,
        address=compiled.plan.scopes.locate(op.node.id, read_mapping_key(context.get_mapping_key())),
        is_last_attempt=context.retry_number >= op.node.config.retry.max_attempts - 1,
        say=context.log.info,
        resources={key: getattr(context.resources, key) for key in context.op_def.required_resource_keys - {RESOURCE}},
    )
    try:
        report = run_step(compiled.services, compiled.plan, task)
    except StepFailed as failure:
        raise dg.Failure(str(failure), allow_retries=failure.retryable) from failure
    yield from _report_to_dagster(context, op, report, task.run_id)


def collect_items(context: dg.OpExecutionContext, _inputs: Mapping[str, Any]) -> Yielded:
    """Compute function of the op that closes an `each`: it lets the join run once the `each` has ended."""
    compiled = _compiled(context)
    run_id = _take_up(context, compiled)
    each = compiled.plan.scopes.locate(compiled.plan.by_name[read_op_key(context.op_handle)].node.id)
    with compiled.services.store.read() as connection:
        state = read_states(connection, run_id, [each.node_id], [each.path]).get(each)
    if state is not None and state.status is StepStatus.SUCCEEDED:
        yield dg.Output(None, RESULT, metadata={"items": state.item_count or 0})


def _compiled(context: dg.OpExecutionContext) -> CompiledWorkflow:
    return getattr(context.resources, RESOURCE)


def read_run(context: dg.OpExecutionContext) -> tuple[CompiledWorkflow, str]:
    """What an op works with, and the id of the run of which it is a part."""
    compiled = _compiled(context)
    return compiled, _take_up(context, compiled)


def _take_up(context: dg.OpExecutionContext, compiled: CompiledWorkflow) -> str:
    if run_id := compiled.run_ids.get(context.run_id):
        return run_id  # the executor has done it, in this process
    facts = read_launch_facts(compiled.plan, context.run, context.instance)
    return begin_launch(compiled.services, compiled.plan, facts)


def _report_to_dagster(context: dg.OpExecutionContext, op: PlannedOp, report: StepReport, run_id: str) -> Yielded:
    if report.outcome is Outcome.WAITING:
        _report_wait(context, report)
    elif report.outcome is not Outcome.ENDED:
        context.log.info(_SAY[report.outcome])
    if report.outcome is not Outcome.ENDED:
        if op.wiring is Wiring.REPEATED:
            yield dg.Output(None, RESULT)
        return
    assert report.end is not None
    if report.end.is_caught or report.end.used_fallback:
        what = "was caught" if report.end.is_caught else "has the output of its `onError`"
        context.log.warning(f"Failed, and {what}: {report.end.error}")
    if "because" in report.notes:
        context.log.info(f"Goes on to {report.notes['taken']}: {report.notes['because']}.")
    link = link_run(_compiled(context).services.settings, run_id)
    metadata = build_metadata(report.input, report.end.output, {**report.notes, **_describe_fault(report.end)}, link)
    if op.wiring is Wiring.FAN_OUT:
        count, todo = report.end.item_count or 0, len(report.items)
        context.log.info(f"{count} items" if todo == count else f"{count} items, {todo} of them to go on with")
        for index in report.items:
            yield dg.DynamicOutput(None, write_mapping_key(Item(index)), ITEM)
    elif op.wiring is Wiring.CONDITIONAL:
        for edge_id in report.end.taken or ():
            yield dg.Output(None, op.outputs[edge_id], metadata=metadata)
    elif op.wiring is Wiring.REPEATED or not report.end.is_caught or op.node.begins_call:
        yield dg.Output(None, RESULT, metadata=metadata)


def _describe_fault(end: StepEnd) -> dict[str, JsonValue]:
    """What of a fault, that did not end the run, is shown beside the output."""
    if not end.is_caught and not end.used_fallback:
        return {}
    how = "by an edge" if end.is_caught else "by onError"
    return {"caught": how, "code": end.code.value if end.code else None, "error": end.error}


_SAY = {
    Outcome.SKIPPED: "Skipped: no edge to this node was taken.",
    Outcome.NOT_READY: "Stands back: something before this node has not ended, for instance a gate.",
}


def _report_wait(context: dg.OpExecutionContext, report: StepReport) -> None:
    """Under the step: what it waits for, and until when; of a gate who is asked, what, and where it is answered."""
    compiled = _compiled(context)
    message, metadata = describe_wait(report, compiled.services.settings)
    context.instance.report_engine_event(
        message, context.run, EngineEventData(metadata=metadata), step_key=context.get_step_execution_context().step.key
    )
    if report.wait is not None and report.wait.kind is WaitKind.PERSON:
        _tell_asset(context, compiled, message, metadata)
    if report.wait is not None and report.wait.kind is WaitKind.CHILD:
        try:
            compiled.child_runs.start(compiled.services, context.instance, report.step_id)
        except (AgentMeshError, dg.DagsterError) as fault:
            context.log.warning(f"The run that it waits for is not started yet; the sensor does that: {fault}")


def _tell_asset(
    context: dg.OpExecutionContext, compiled: CompiledWorkflow, message: str, metadata: Mapping[str, dg.MetadataValue]
) -> None:
    """Beside the asset that the run makes, if any: that a person is asked, whom, and where."""
    if compiled.plan.workflow.asset is None:
        return
    with compiled.services.store.read() as connection:
        makes = find_materialization(connection, _take_up(context, compiled))
    if makes is not None:
        key, partition = read_key(makes.asked.key), makes.asked.partition
        context.log_event(dg.AssetObservation(key, description=message, metadata=metadata, partition=partition))
