"""Gates: a person is asked; the answer comes in another launch."""

from collections.abc import Mapping, Sequence

from agentmesh_dagster.entities.assets import AssetCheck
from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object, write_json
from agentmesh_dagster.entities.models import CheckVerdict
from agentmesh_dagster.entities.text import escape_markdown
from agentmesh_dagster.graph.graph import GraphNode
from agentmesh_dagster.graph.read import is_set
from agentmesh_dagster.runtime.checks import decide_check, see_output
from agentmesh_dagster.runtime.work import Result, WaitRequest, Work
from agentmesh_dagster.specs.nodes.human_approval import CheckedConfig, GateConfig
from agentmesh_dagster.store.gates import NewGate
from agentmesh_dagster.store.waits import WaitKind


def run(work: Work) -> Result:
    """Asks: the step waits for a person from now on, and nothing behind it runs.

    In front of an end nobody is asked while the checks of the asset hold.
    """
    gate = render_gate(work.node, work.context)
    if isinstance(work.node.config, CheckedConfig) and not _list_failed(work.node.config, work.context, gate.payload):
        return Result(gate.payload)
    notes: dict[str, JsonValue] = {"asked": ", ".join(gate.assignees) or "anybody", "instructions": gate.instructions}
    return Result(None, wait=WaitRequest(WaitKind.PERSON, gate=gate), notes=notes)


def render_gate(node: GraphNode, context: Mapping[str, JsonValue]) -> NewGate:
    """What a person is asked in this context. Raises ExpressionFault."""
    config = node.config
    assert isinstance(config, GateConfig)

    def render(name: str) -> JsonValue:
        template = node.templates.get(name)
        return template.render(context) if template else None

    notify, payload = as_object(render("notify")), render("payload")
    instructions = _as_text(render("instructions"))
    if isinstance(config, CheckedConfig):
        instructions = _explain(_list_failed(config, context, payload))
    return NewGate(
        instructions=instructions,
        payload=payload,
        has_payload=is_set(config, "payload"),
        schema=config.answer_schema,
        assignees=[_as_text(assignee) for assignee in as_list(render("assignees"))],
        deadline_seconds=config.deadline_seconds,
        on_deadline=config.on_deadline,
        notify_url=_as_text(notify.get("url")) or None,
    )


def _list_failed(
    config: CheckedConfig, context: Mapping[str, JsonValue], payload: JsonValue
) -> list[tuple[AssetCheck, CheckVerdict]]:
    """The checks that do not hold of what the run would give."""
    seen = see_output(context, payload)
    judged = [(check, decide_check(check, seen)) for check in config.checks]
    return [(check, verdict) for check, verdict in judged if not verdict.passed]


def _explain(failed: Sequence[tuple[AssetCheck, CheckVerdict]]) -> str:
    found = [(check, f"({verdict.reason})" if verdict.reason else "is false") for check, verdict in failed]
    lines = [f"- **{escape_markdown(check.name)}**: `{check.condition}` {why}" for check, why in found]
    before, behind = "This does not hold of what the run would give:", "Approve it, as it is or changed, or reject it."
    return "\n".join([before, "", *lines, "", behind])


def _as_text(value: JsonValue) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else write_json(value)
