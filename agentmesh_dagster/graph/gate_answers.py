"""Answers to gates, looked at before anything is stored: what a gate asks for, and what its out-edges can use."""

from collections.abc import Iterator, Mapping

from agentmesh_dagster.entities.json_schema import InvalidSchema, JsonSchema, SchemaMismatch
from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object, write_json
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.entities.text import quote, shorten
from agentmesh_dagster.graph.expressions import ExpressionFault
from agentmesh_dagster.graph.graph import Graph, GraphNode
from agentmesh_dagster.specs.nodes.human_approval import APPROVED

DEADLINE_COMMENT = "The deadline passed without an answer."

_IN_PLACE = ("allOf", "anyOf", "oneOf")  # keywords whose schemas speak of the same value
_IN_PLACE_TOO = ("if", "then", "else", "not")


def find_misfit(graph: Graph, node: GraphNode, schema: JsonObject | None, output: JsonValue) -> str | None:
    """What an answer lacks by itself, in a sentence; None for one that says what the gate asks for.

    `schema` is the gate's own. Whether an out-edge can use the answer shows only in the run's context.
    """
    says = as_object(output)
    is_yes_or_no = isinstance(says.get(APPROVED), bool)
    if schema is not None:
        try:
            JsonSchema(schema).check(output)
        except SchemaMismatch as mismatch:
            return mismatch.detail
        is_asked = APPROVED in says or _is_open(schema) or _names_approved(schema)
        return (
            _describe_approved(says) if is_asked and not is_yes_or_no and not approval_is_routed(graph, node) else None
        )
    if not is_yes_or_no and (APPROVED in says or _asks_for_approval(graph, node)):
        return _describe_approved(says) if isinstance(output, dict) else f"it must be an object with {_BOTH_WORDS}"
    if isinstance(comment := says.get("comment"), str) or "comment" not in says:
        return None
    return f"`comment` must be text; here it is {shorten(write_json(comment))}"


_BOTH_WORDS = "`approved`: true or false"


def _describe_approved(says: Mapping[str, JsonValue]) -> str:
    if APPROVED not in says:
        return f"it must say {_BOTH_WORDS}"
    return f"`approved` must be true or false; here it is {shorten(write_json(says[APPROVED]))}"


def read_rejection(graph: Graph, node: GraphNode, output: JsonValue) -> str | None:
    """The comment of an answer that ends the run because it says no; None for any other answer.

    That is `approved: false`, or a bare `false`, at a gate of which no out-edge asks whether it was approved: such an
    edge would decide itself where a no leads to.
    """
    if approval_is_routed(graph, node):
        return None
    if output is False:
        return "Rejected."
    said = as_object(output)
    return str(said.get("comment") or "Rejected.") if said.get(APPROVED) is False else None


def approval_is_routed(graph: Graph, node: GraphNode) -> bool:
    """Whether a condition on an out-edge looks at `approved`, or at the answer as a whole."""
    return any(not rest or rest[0] == APPROVED for rest in _list_looks(graph, node))


def _asks_for_approval(graph: Graph, node: GraphNode) -> bool:
    """Whether a gate without a schema asks for `approved`: all do, but those whose edges ask for other fields alone."""
    looks = list(_list_looks(graph, node))
    return not looks or any(rest[:1] == (APPROVED,) for rest in looks)


def _list_looks(graph: Graph, node: GraphNode) -> Iterator[tuple[str | int, ...]]:
    """What the conditions on the out-edges look at in the answer: for each look the path inside it."""
    for edge in graph.ways_on(node.id, "success"):
        for reference in edge.expression.references if edge.expression else ():
            match reference.path:
                case ("last_output", *rest):
                    yield tuple(rest)
                case ("outputs", node.origin, *rest):
                    yield tuple(rest)
                case () | ("outputs",):  # `context` itself, or an output whose name is worked out
                    yield ()
                case _:
                    pass


def _is_open(schema: JsonObject) -> bool:
    """Whether a schema takes any object: then it is no form, and the question is yes or no."""
    return schema.keys() <= {"$schema", "type", "title", "description"} and schema.get("type", "object") == "object"


def _names_approved(schema: JsonObject) -> bool:
    """Whether a schema speaks of the field `approved` of the value itself, anywhere."""
    seen: set[int] = set()
    waiting: list[JsonValue] = [schema]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, dict) or id(part) in seen:
            continue
        seen.add(id(part))
        if APPROVED in as_object(part.get("properties")) or APPROVED in as_list(part.get("required")):
            return True
        for keyword in _IN_PLACE:
            waiting.extend(as_list(part.get(keyword)))
        waiting.extend(part.get(keyword) for keyword in _IN_PLACE_TOO)
        waiting.extend(as_object(part.get("dependentSchemas")).values())
        waiting.append(_resolve(schema, part.get("$ref")))
    return False


def _resolve(schema: JsonObject, reference: object) -> JsonValue:
    """What a `$ref` inside the schema points to; None where that is not to be seen."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    found: JsonValue = schema
    for key in reference[1:].split("/")[1:]:
        name = key.replace("~1", "/").replace("~0", "~")
        found = as_object(found).get(name)
    return found


def describe_edges(graph: Graph, node: GraphNode, fault: str) -> str:
    """Why no out-edge can use an answer, and what the edges ask for."""
    conditions = ", ".join(
        quote(edge.condition) for edge in graph.ways_on(node.id, "success") if edge.condition is not None
    )
    return f"no edge can use it: {fault}. The edges ask for {conditions}"


def list_deadline_answers(decision: str | None) -> list[dict[str, JsonValue]]:
    """The answers that a deadline may give, the fullest first; none where `onDeadline` gives none."""
    approved = {"approve": True, "reject": False}.get(decision or "fail")
    if approved is None:
        return []
    return [{APPROVED: approved, "comment": DEADLINE_COMMENT}, {APPROVED: approved}]


def find_deadline_misfit(graph: Graph, node: GraphNode, schema: JsonObject | None, answer: JsonObject) -> str | None:
    """Why a gate could not take such an answer, as far as that shows without a run; None where it could, or may."""
    try:
        if answer[APPROVED] and (misfit := find_misfit(graph, node, schema, answer)):
            return misfit
    except InvalidSchema:
        return None  # it is an issue of its own
    edges = graph.ways_on(node.id, "success")
    conditions = [edge.expression for edge in edges if edge.expression]
    if read_rejection(graph, node, answer) is not None or not conditions or any(edge.is_default for edge in edges):
        return None
    for expression in conditions:
        for reference in expression.references:
            if reference.path[:1] != ("last_output",) and reference.path[:2] != ("outputs", node.origin):
                return None  # the run's own data decides
        try:
            if expression.evaluate_condition({"last_output": answer, "outputs": {node.origin: answer}}):
                return None
        except ExpressionFault as fault:
            return describe_edges(graph, node, str(fault))
    return describe_edges(graph, node, f"none is true for {write_json(answer)}")
