"""Rules about fields: what expressions look at is there, as far as the schemas of a closed form say it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.graph.expressions import Expression
from agentmesh_dagster.graph.expressions.operators import name_kind
from agentmesh_dagster.graph.expressions.syntax import (
    Binary,
    Call,
    Choice,
    Has,
    ListLiteral,
    Literal,
    LookUp,
    LookUpStep,
    SyntaxNode,
    Unary,
)
from agentmesh_dagster.graph.flow import Flow
from agentmesh_dagster.graph.graph import Graph, GraphNode
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.specs.shapes import Shape

_NULL = frozenset({"null"})  # whoever compares with it asks whether there is something
_ORDERED = ({"number"}, {"text"})  # what `<` can compare

FindShape = Callable[[str, str | None], Shape | None]


@dataclass(frozen=True)
class _Fault:
    code: str
    reason: str
    column: int
    is_sure: bool  # False: the part may never be evaluated


def fields_are_there(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """No expression looks for a field that a closed schema does not have, or compares a number with a text."""
    flow = Flow(graph, lookup.tools)
    for node in graph.nodes.values():
        if node.id not in graph.index or node.id in graph.unknowns.vague:
            continue
        find = _find_before(flow, node)
        for name, expression in node.expressions.items():
            yield from _check(expression, find, node.id, None, f"{node.path}.config.{name}")
        for name, template in node.templates.items():
            for place, expression in template.expressions:
                yield from _check(expression, find, node.id, None, f"{node.path}.config.{name}{place}")
        for edge in graph.out_edges[node.id]:
            if edge.expression is not None:
                behind = _find_behind(flow, node, find)
                yield from _check(edge.expression, behind, None, edge.id, f"{edge.path}.condition")


def agents_do_not_feed_closed_tools(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """A tool that takes its parent's output as it is, and no unknown fields, does not stand behind an agent."""
    for node in graph.list_nodes(lambda spec: spec.names == "tool"):
        tool, parents = lookup.tools.get(node.tool_id or ""), graph.parents(node.id)
        if tool is None or not node.is_complete or node.id in graph.unknowns.vague or "input" in node.templates:
            continue
        if len(parents) != 1 or graph.nodes[parents[0]].spec.names != "agent" or len(graph.in_edges[node.id]) != 1:
            continue
        if node.id in graph.scopes.exits:
            continue
        shape = Shape(tool.input_schema, tool.input_schema, "")
        lacking = [name for name in ("text", "raw") if shape.lacks(name)]
        if lacking:
            message = (
                f"{graph.show(node.id)} gets the whole output of {graph.show(parents[0])}, with "
                f"{' and '.join(map(quote, lacking))}, which the inputSchema of the tool {quote(tool.name)} does not "
                "take: set `input`."
            )
            yield Issue("tool-input-mismatch", message, node.id, path=node.path)


def _find_before(flow: Flow, node: GraphNode) -> FindShape:
    def find(name: str, inner: str | None) -> Shape | None:
        if name == "input":
            return flow.run_input
        if name == "last_output":
            return flow.find_input(node.id)
        return flow.find_output(inner, node.id) if name == "outputs" and inner is not None else None

    return find


def _find_behind(flow: Flow, node: GraphNode, before: FindShape) -> FindShape:
    """Conditions on the edges of a gate see its answer; those of a branch what the branch sees."""
    if not node.spec.waits:
        return before
    return lambda name, inner: flow.find_output(node.id, node.id) if name == "last_output" else before(name, inner)


def _check(
    expression: Expression, find: FindShape, node_id: str | None, edge_id: str | None, path: str
) -> Iterator[Issue]:
    checker = _Checker(find)
    checker.infer(expression.syntax, is_sure=True)
    for fault in checker.faults:
        severity = Severity.ERROR if fault.is_sure else Severity.WARNING
        yield Issue(fault.code, f"{fault.reason} (column {fault.column})", node_id, edge_id, path, severity)


@dataclass
class _Checker:
    """Walks an expression; says of each part what kind of value it gives, None where that is open."""

    find: FindShape
    faults: list[_Fault] = field(default_factory=list[_Fault])

    def infer(self, node: SyntaxNode, *, is_sure: bool) -> frozenset[str] | None:
        match node:
            case Literal(value):
                return frozenset({name_kind(value)})
            case ListLiteral(items):
                self._all(items, is_sure)
                return frozenset({"list"})
            case LookUp():
                shape = self._look_up(node, node.steps, is_sure)
                # The output of a node that was skipped is null, whatever its schema says.
                may_be_skipped = len(node.steps) == 2 and node.steps[0].key == "outputs"
                return shape.kinds if shape and not may_be_skipped else None
            case Has(look_up):
                self._look_up(look_up, look_up.steps[:-1], is_sure)
                return frozenset({"boolean"})
            case Call(_, operands):
                self._all(operands, is_sure)
                return None
            case Unary(_, operand):
                self.infer(operand, is_sure=is_sure)
                return None
            case Choice(condition, when_true, when_false):
                self.infer(condition, is_sure=is_sure)
                return self._join(self.infer(when_true, is_sure=False), self.infer(when_false, is_sure=False))
            case Binary():
                return self._compare(node, is_sure)

    def _all(self, nodes: tuple[SyntaxNode, ...], is_sure: bool) -> None:
        for node in nodes:
            self.infer(node, is_sure=is_sure)

    @staticmethod
    def _join(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
        return None if one is None or other is None else one | other

    def _compare(self, node: Binary, is_sure: bool) -> frozenset[str] | None:
        left = self.infer(node.left, is_sure=is_sure)
        right = self.infer(node.right, is_sure=is_sure and node.operator not in ("&&", "||"))
        if node.operator in ("<", "<=", ">", ">=") and left and right:
            if not any(kinds & left and kinds & right for kinds in _ORDERED):
                reason = f"cannot compare {_name(left)} {node.operator} {_name(right)}"
                self.faults.append(_Fault("never-comparable", reason, node.column, is_sure))
        elif node.operator in ("==", "!=") and left and right and not left & right and _NULL not in (left, right):
            reason = f"{_name(left)} and {_name(right)} are never equal"
            self.faults.append(_Fault("never-equal", reason, node.column, False))
        return None

    def _look_up(self, node: LookUp, steps: tuple[LookUpStep, ...], is_sure: bool) -> Shape | None:
        for step in node.steps:
            if not isinstance(step.key, str | int):
                self.infer(step.key, is_sure=is_sure)
        if node.base is not None:
            self.infer(node.base, is_sure=is_sure)
            return None
        keys = [step.key for step in steps]
        if not keys or not isinstance(keys[0], str):
            return None
        taken = 2 if keys[0] == "outputs" else 1
        inner = keys[1] if taken == 2 and len(keys) > 1 and isinstance(keys[1], str) else None
        shape = self.find(keys[0], inner)
        for step in steps[taken:]:
            if shape is None or not isinstance(step.key, str):
                return None
            if (is_lacking := shape.lacks(step.key)) or shape.doubts(step.key):
                owner, has_no = (
                    f"{shape.owner[0].upper()}{shape.owner[1:]}",
                    "has no" if is_lacking else "has usually no",
                )
                statement = f"{owner} {has_no} field {quote(step.key)}"
                reason = with_hint(statement, step.key, shape.field_names).removesuffix(".")
                fault = _Fault("unknown-field-in-expression", reason, step.column, is_sure and is_lacking)
                self.faults.append(fault)
                return None
            shape = shape.find_field(step.key)
        return shape


def _name(kinds: frozenset[str]) -> str:
    return " or ".join(sorted(kinds - {"null"} or kinds))
