"""Given outputs: what somebody may give instead of what a step gave."""

from collections.abc import Iterator

from agentmesh_dagster.entities.json_schema import JsonSchema
from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.graph.graph import GraphNode, has_choice
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.specs.node_spec import Place
from agentmesh_dagster.specs.nodes.agent import VALUE
from agentmesh_dagster.specs.nodes.human_approval import GateConfig

Reason = tuple[str, str]  # a code, and a sentence


def list_reasons_against(plan: Plan, node: GraphNode, output: JsonValue) -> Iterator[Reason]:
    """Why this output cannot stand for what the node gives, whatever it was in a run."""
    name = plan.graph.show(node.id)
    if node.spec.place is Place.START:
        yield "output-of-start", f"What {name} gives is the run's input: give `input` instead."
    elif isinstance(node.config, GateConfig):
        yield "answer-of-a-gate", f"{name} is answered by a person: fork from it, and answer it in the new run."
    elif plan.asks_somebody(node.id):
        yield "answer-of-a-gate", f"In what {name} runs a person is asked: fork from it, and answer it in the new run."
    elif (
        node.is_each or has_choice(plan.graph, node) or any(e.condition for e in plan.graph.edges_on(node.id, "always"))
    ):
        yield "output-that-chooses", f"{name} chooses what follows: fork from it, and give what stands before it."
    else:
        yield from (("unfit-output", f"The output of {name} {fault}") for fault in _list_faults(plan, node, output))


def _list_faults(plan: Plan, node: GraphNode, output: JsonValue) -> Iterator[str]:
    beside = node.spec.beside
    if beside and not isinstance(output, dict):
        yield f"must be an object with {', '.join(f'`{name}`' for name in beside)} or fields of its own."
        return
    schema = _find_schema(plan, node)
    if not schema:
        return
    own: JsonValue = output
    if isinstance(output, dict):
        named = as_object(schema.get("properties"))
        own = {name: value for name, value in output.items() if name not in beside or name in named}
        if beside and own.keys() == {VALUE} and schema.get("type", "object") != "object":
            own = own[VALUE]
    for fault in JsonSchema(schema).list_faults(own):
        yield f"does not fit its outputSchema at {fault.path}: {fault.message}."


def _find_schema(plan: Plan, node: GraphNode) -> JsonObject | None:
    """The outputSchema of the node itself, or of the tool that it calls."""
    if field := node.spec.schema_fields.get("outputSchema"):
        return getattr(node.config, field)
    tool = plan.tools.get(node.tool_id or "")
    return tool.output_schema if tool else None
