"""What people see of a workflow in Dagster's UI: descriptions, chips, links, metadata."""

from collections.abc import Mapping

import dagster as dg

from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.models import (
    Agent,
)
from agentmesh_dagster.entities.text import escape_markdown
from agentmesh_dagster.graph.graph import GraphNode
from agentmesh_dagster.graph.plan import Plan, PlannedOp, Wiring
from agentmesh_dagster.graph.triggers import GraphTrigger
from agentmesh_dagster.runtime.step import StepReport
from agentmesh_dagster.settings import Settings, link_run, link_workflow
from agentmesh_dagster.specs import PROVIDER_SPECS
from agentmesh_dagster.specs.node_spec import UNKNOWN, NodeFacts
from agentmesh_dagster.store.waits import WaitKind
from agentmesh_dagster.translator.dagster_internals import EngineEventData

WORKFLOW_TAG = "agentmesh/workflow"  # the workflow's id, on every run of its job
RUN_TAG = "agentmesh/run"  # the address of the run's page of ours, where it is known: Dagster's UI makes it a link
_SHOWN_BYTES = 20_000


def describe_job(plan: Plan, settings: Settings) -> str:
    """A job's description in markdown."""
    workflow = plan.workflow
    # The workflow's own revision, not the catalogue's: what is said of a job changes only with what it is made from.
    revision = "" if workflow.revision is None else f", revision {workflow.revision}"
    lines = [workflow.description or "", f"AgentMesh workflow **{escape_markdown(workflow.name)}**{revision}."]
    if link := link_workflow(settings, workflow.id):
        lines.append(f"[Open in AgentMesh]({link})")
    return "\n\n".join(line for line in lines if line)


def describe_trigger(plan: Plan, trigger: GraphTrigger) -> str:
    """The description of a trigger's schedule or sensor, which Dagster shows as plain text."""
    return f"Starts the workflow {plan.workflow.name} {trigger.spec.describe(trigger.definition)}."


def describe_op(plan: Plan, op: PlannedOp) -> str:
    """An op's description in markdown: the node's title and what it does."""
    node = op.node
    if op.wiring is Wiring.COLLECT:
        return f"Waits until all items of {node.title} are done."
    # The first line stands on the op in Dagster's graph, which shows it as it is.
    title = node.title if node.title == node.origin else f"{node.title} (node {node.origin})"
    lines = [escape_markdown(title), node.spec.describe(_gather_facts(plan, node))]
    return "\n\n".join(line for line in lines if line)


def _gather_facts(plan: Plan, node: GraphNode) -> NodeFacts:
    return NodeFacts(
        node.title,
        node.config,
        agent=plan.agents.get(node.agent_id or ""),
        tool=plan.tools.get(node.tool_id or ""),
        workflow=plan.workflows.get(node.workflow_id or ""),
        edges=[(plan.graph.nodes[edge.target].origin, edge.condition) for edge in plan.graph.out_edges[node.id]],
    )


def kind_of(plan: Plan, op: PlannedOp, settings: Settings) -> str:
    """The chip on the op in Dagster's graph."""
    if op.wiring is Wiring.COLLECT:
        return "collect"
    agent = plan.agents.get(op.node.agent_id or "")
    return op.node.spec.kind if agent is None else _kind_of_model(agent, settings)


def _kind_of_model(agent: Agent, settings: Settings) -> str:
    spec = PROVIDER_SPECS.get(agent.model_provider)
    if spec is None:
        return UNKNOWN.kind
    if spec.kind:
        return spec.kind
    if not settings.local_base_url:
        return "offline"  # the built-in model
    return "llama" if "llama" in agent.model_name.lower() else "local"


def build_metadata(
    step_input: JsonValue, output: JsonValue, notes: Mapping[str, JsonValue], link: str | None
) -> dict[str, dg.MetadataValue]:
    """What stands on a step's output event; `link` is the run's page of ours, where it is known."""
    metadata: dict[str, dg.MetadataValue] = {"input": show_value(step_input), "output": show_value(output)}
    for name, note in notes.items():
        metadata[name] = _show_note(note)
    if link is not None:
        metadata["in AgentMesh"] = dg.MetadataValue.url(link)
    return metadata


def describe_wait(report: StepReport, settings: Settings) -> tuple[str, dict[str, dg.MetadataValue]]:
    """What stands under a step while it waits: a line, and metadata."""
    metadata = {name: _show_note(note) for name, note in report.notes.items()}
    if report.wait is None or report.wait.kind is not WaitKind.PERSON:
        awaited = "" if report.wait is None else f" {report.wait.awaited.describe()}"
        return f"Waits{awaited}. This launch ends its work; then the next one begins.", metadata
    metadata["answer"] = dg.MetadataValue.text(f"agentmesh answer {report.step_id} --approve")
    if settings.public_url:
        link = f"{settings.public_url.rstrip('/')}/agentmesh/approvals/{report.step_id}"
        metadata["link"] = dg.MetadataValue.url(link)
    where = metadata["link"].value if "link" in metadata else f"`{metadata['answer'].value}`"
    asked = report.notes.get("asked", "anybody")
    message = f"Waits for a person: asks {asked}. To answer: {where}."
    return f"{message} This launch ends its work; the answer starts the next one.", metadata


def report_fork(
    instance: dg.DagsterInstance, forked: dg.DagsterRun, settings: Settings, *, node: str, fork_id: str
) -> None:
    """In the log of a run that was forked: which run goes on from where."""
    link = link_run(settings, fork_id)
    shown = dg.MetadataValue.text(f"agentmesh show {fork_id}") if link is None else dg.MetadataValue.url(link)
    metadata: dict[str, dg.MetadataValue] = {"run": dg.MetadataValue.dagster_run(fork_id), "in AgentMesh": shown}
    message = f"Forked: another run goes on from {node}."
    instance.report_engine_event(message, forked, EngineEventData(metadata=metadata))


def show_value(value: JsonValue) -> dg.MetadataValue:
    """A JSON value as metadata; a long one is cut, the whole stands in the store."""
    text = write_json(value)
    if len(text) > _SHOWN_BYTES:
        return dg.MetadataValue.text(f"{text[:_SHOWN_BYTES]}… ({len(text):,} characters, cut here)")
    if isinstance(value, dict | list):
        return dg.MetadataValue.json(value)
    return dg.MetadataValue.text(value if isinstance(value, str) else text)


def _show_note(note: JsonValue) -> dg.MetadataValue:
    if isinstance(note, bool) or not isinstance(note, int | float):
        return dg.MetadataValue.text(note if isinstance(note, str) else write_json(note))
    return dg.MetadataValue.int(note) if isinstance(note, int) else dg.MetadataValue.float(note)
