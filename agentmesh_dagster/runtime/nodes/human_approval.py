"""Gates: a person is asked; the answer comes in another launch."""

from collections.abc import Mapping

from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object, write_json
from agentmesh_dagster.graph.graph import GraphNode
from agentmesh_dagster.graph.read import is_set
from agentmesh_dagster.runtime.work import Result, WaitRequest, Work
from agentmesh_dagster.specs.nodes.human_approval import GateConfig
from agentmesh_dagster.store.gates import NewGate
from agentmesh_dagster.store.waits import WaitKind


def run(work: Work) -> Result:
    """Asks: the step waits for a person from now on, and nothing behind it runs."""
    gate = render_gate(work.node, work.context)
    notes: dict[str, JsonValue] = {"asked": ", ".join(gate.assignees) or "anybody", "instructions": gate.instructions}
    return Result(None, wait=WaitRequest(WaitKind.PERSON, gate=gate), notes=notes)


def render_gate(node: GraphNode, context: Mapping[str, JsonValue]) -> NewGate:
    """What a person is asked in this context. Raises ExpressionFault."""
    config = node.config
    assert isinstance(config, GateConfig)

    def render(name: str) -> JsonValue:
        template = node.templates.get(name)
        return template.render(context) if template else None

    notify = as_object(render("notify"))
    return NewGate(
        instructions=_as_text(render("instructions")),
        payload=render("payload"),
        has_payload=is_set(config, "payload"),
        schema=config.answer_schema,
        assignees=[_as_text(assignee) for assignee in as_list(render("assignees"))],
        deadline_seconds=config.deadline_seconds,
        on_deadline=config.on_deadline,
        notify_url=_as_text(notify.get("url")) or None,
    )


def _as_text(value: JsonValue) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else write_json(value)
