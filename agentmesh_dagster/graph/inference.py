"""Inference: the shape of what an expression or a template gives, and what is wrong with it whatever it is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import join_names, quote, shorten
from agentmesh_dagster.graph.expressions import Expression
from agentmesh_dagster.graph.expressions.operators import equal
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
from agentmesh_dagster.graph.templates import Parsed, Template, TemplatedText
from agentmesh_dagster.specs.made_shapes import BOOLEAN, NUMBER, TEXT, Fields, Items, constant, unite
from agentmesh_dagster.specs.shapes import Shape

_NULL = frozenset({"null"})  # whoever compares with it asks whether there is something
_ORDERED = ("number", "text", "boolean")  # what `<` can compare, each with its own kind
_ORDERS, _SUMS = ("<", "<=", ">", ">="), ("+", "-", "*", "/", "%")
_SHOWN_VALUES = 6

Kinds = frozenset[str]


@dataclass(frozen=True)
class ExpressionIssue:
    code: str
    reason: str
    column: int
    is_sure: bool  # False: the part may never be evaluated, or does no harm
    place: str = ""  # of the string in the value of a template


@dataclass
class Inference:
    """Walks expressions that see this `context`, and collects what is wrong with them."""

    context: Shape
    found: list[ExpressionIssue] = field(default_factory=list[ExpressionIssue])
    _place: str = ""

    def infer(self, expression: Expression) -> Shape | None:
        """What the expression gives; None where that is open."""
        return self._infer(expression.syntax, True)

    def infer_template(self, template: Template) -> Shape | None:
        """What the template gives."""
        return self._infer_parsed(template.parsed)

    def _infer_parsed(self, value: Parsed) -> Shape | None:
        if isinstance(value, TemplatedText):
            self._place = value.path
            inferred = [self.infer(part) for part in value.parts if isinstance(part, Expression)]
            return inferred[0] if len(value.parts) == len(inferred) == 1 else TEXT
        if isinstance(value, dict):
            return Fields({key: self._infer_parsed(item) for key, item in value.items()}, "what is written here")
        if isinstance(value, list):
            items = [self._infer_parsed(item) for item in value]
            return Items(unite(items), "what is written here")
        return constant(value)

    def _infer(self, node: SyntaxNode, is_sure: bool) -> Shape | None:
        match node:
            case Literal(value):
                return constant(value)
            case ListLiteral(items):
                return Items(unite([self._infer(item, is_sure) for item in items]), "a list")
            case LookUp():
                return self._look_up(node, node.steps, is_sure)
            case Has(look_up):
                self._look_up(look_up, look_up.steps[:-1], is_sure)
                return BOOLEAN
            case Call():
                return self._call(node, is_sure)
            case Unary(sign, operand, column):
                wanted = "number" if sign == "-" else "boolean"
                self._require(wanted, self._infer(operand, is_sure), "-" if sign == "-" else "!", column, is_sure)
                return NUMBER if sign == "-" else BOOLEAN
            case Choice(condition, when_true, when_false, column):
                self._require("boolean", self._infer(condition, is_sure), "?", column, is_sure)
                return unite([self._infer(when_true, False), self._infer(when_false, False)])
            case Binary():
                return self._combine(node, is_sure)

    def _report(self, code: str, reason: str, column: int, is_sure: bool) -> None:
        self.found.append(ExpressionIssue(code, reason, column, is_sure, self._place))

    def _require(self, wanted: str, shape: Shape | None, sign: str, column: int, is_sure: bool) -> None:
        kinds = _kinds(shape)
        if kinds and wanted not in kinds:
            needs = "a number" if wanted == "number" else "true or false"
            self._report("wrong-type", f"{sign} needs {needs}, not {_name(kinds)}", column, is_sure)

    def _call(self, call: Call, is_sure: bool) -> Shape | None:
        operands = [_kinds(self._infer(operand, is_sure)) for operand in call.operands]
        if call.function == "size":
            if operands[0] and not operands[0] & {"text", "list", "object"}:
                reason = f"size() needs text, a list or an object, not {_name(operands[0])}"
                self._report("wrong-type", reason, call.column, is_sure)
            return NUMBER
        for kinds, place in zip(operands, ("before the dot", "between its brackets"), strict=False):
            if kinds and "text" not in kinds:
                is_list = call.function == "contains" and place == "before the dot" and kinds <= {"list", "object"}
                hint = ": use in" if is_list else ""
                reason = f".{call.function}() needs text {place}, not {_name(kinds)}{hint}"
                self._report("wrong-type", reason, call.column, is_sure)
        return BOOLEAN

    def _combine(self, node: Binary, is_sure: bool) -> Shape | None:
        is_logic = node.operator in ("&&", "||")
        left = self._infer(node.left, is_sure)
        right = self._infer(node.right, is_sure and not is_logic)
        if is_logic:
            self._require("boolean", left, node.operator, node.column, is_sure)
            self._require("boolean", right, node.operator, node.column, False)
        elif node.operator in _SUMS:
            self._calculate(node, _kinds(left), _kinds(right), is_sure)
            return NUMBER
        elif node.operator in _ORDERS:
            self._order(node, _kinds(left), _kinds(right), is_sure)
        elif node.operator == "in":
            self._search(node, left, right, is_sure)
        else:
            self._equate(node, left, right)
        return BOOLEAN

    def _calculate(self, node: Binary, left: Kinds | None, right: Kinds | None, is_sure: bool) -> None:
        if any(kinds and "number" not in kinds for kinds in (left, right)):
            hint = ": a template joins text" if node.operator == "+" and "text" in (left or ()) else ""
            reason = f"cannot calculate {_name(left)} {node.operator} {_name(right)}{hint}"
            self._report("never-comparable", reason, node.column, is_sure)

    def _order(self, node: Binary, left: Kinds | None, right: Kinds | None, is_sure: bool) -> None:
        both = (left & right if right else left) if left else right
        if both is not None and not both & set(_ORDERED):
            reason = f"cannot compare {_name(left)} {node.operator} {_name(right)}"
            self._report("never-comparable", reason, node.column, is_sure)

    def _search(self, node: Binary, left: Shape | None, right: Shape | None, is_sure: bool) -> None:
        kinds = _kinds(right)
        if kinds and not kinds & {"list", "object"}:
            hint = ": use .contains(…)" if kinds <= {"text"} else ""
            reason = f"cannot look for {_name(_kinds(left))} in {_name(kinds)}{hint}"
            self._report("wrong-type", reason, node.column, is_sure)
        elif kinds and kinds <= {"list"} and right is not None:
            self._equate(node, left, right.find_item())

    def _equate(self, node: Binary, left: Shape | None, right: Shape | None) -> None:
        """Says so where two values are never equal; that is no fault, but a condition that decides nothing."""
        kinds = _kinds(left), _kinds(right)
        if left is None or right is None or _NULL in kinds:
            return
        if kinds[0] and kinds[1] and not kinds[0] & kinds[1]:
            reason = f"{_name(kinds[0])} and {_name(kinds[1])} are never equal"
            self._report("never-equal", reason, node.column, False)
        elif reason := explain_never_equal(left.values, right.values):
            self._report("never-equal", reason, node.column, False)

    def _look_up(self, node: LookUp, steps: Sequence[LookUpStep], is_sure: bool) -> Shape | None:
        for step in node.steps:
            if not isinstance(step.key, str | int):
                self._infer(step.key, is_sure)
        if not steps and node.base is None:
            return None  # `context` as a whole: another rule says so
        shape = self.context if node.base is None else self._infer(node.base, is_sure)
        written = "context" if node.base is None else "the value before"
        for step in steps:
            if shape is None:
                return None
            if not isinstance(step.key, str):
                shape = self._find_item(shape, written, step, is_sure)
            elif self._has_field(shape, written, step.key, step.column, is_sure):
                shape = shape.find_field(step.key)
            else:
                return None
            written += f".{step.key}" if isinstance(step.key, str) else "[…]"
        return shape

    def _find_item(self, shape: Shape, written: str, step: LookUpStep, is_sure: bool) -> Shape | None:
        kinds = shape.kinds
        if isinstance(step.key, int) and kinds and "list" not in kinds:
            reason = f"`{shorten(written)}` is {name_kinds(kinds)}, which has no item [{step.key}]"
            self._report("unknown-field-in-expression", reason, step.column, is_sure)
            return None
        return shape.find_item() if (kinds and "object" not in kinds) or isinstance(step.key, int) else None

    def _has_field(self, shape: Shape, written: str, name: str, column: int, is_sure: bool) -> bool:
        kinds = shape.kinds
        if kinds and "object" not in kinds:
            hint = ": name an item of it first, [0]" if "list" in kinds else ""
            reason = f"`{shorten(written)}` is {name_kinds(kinds)}, which has no field {quote(name)}{hint}"
            self._report("unknown-field-in-expression", reason, column, is_sure)
            return False
        is_lacking = shape.lacks(name)
        if not is_lacking and not shape.doubts(name):
            return True
        has_no = "has no" if is_lacking else "has usually no"
        statement = f"{shape.owner[0].upper()}{shape.owner[1:]} {has_no} field {quote(name)}"
        reason = with_hint(statement, name, shape.field_names).removesuffix(".")
        self._report("unknown-field-in-expression", reason, column, is_sure and is_lacking)
        return False


def explain_never_equal(left: Sequence[JsonValue] | None, right: Sequence[JsonValue] | None) -> str | None:
    """Why of these values none is equal to one of those; None where one may be."""
    if not left or not right or any(equal(one, other) for one in left for other in right):
        return None
    given, known = (left, right) if len(left) <= len(right) else (right, left)
    texts = [value for value in known if isinstance(value, str)]
    if len(given) == 1 and isinstance(given[0], str) and len(texts) == len(known):
        return with_hint(f"The value is never {quote(given[0])}", given[0], texts).removesuffix(".")
    shown = join_names([shorten(write_json(value)) for value in known[:_SHOWN_VALUES]], "or")
    return f"{' or '.join(shorten(write_json(one)) for one in given[:_SHOWN_VALUES])} is never equal to {shown}"


def list_condition_issues(expression: Expression, context: Shape) -> Iterator[ExpressionIssue]:
    """What is wrong with an expression that must give true or false."""
    inference = Inference(context)
    kinds = _kinds(inference.infer(expression))
    yield from inference.found
    if kinds and "boolean" not in kinds:
        reason = f"a condition must give true or false, not {_name(kinds)}"
        yield ExpressionIssue("condition-no-boolean", reason, 1, True)


def _kinds(shape: Shape | None) -> Kinds | None:
    return shape.kinds if shape else None


def _name(kinds: Kinds | None) -> str:
    return " or ".join(sorted(kinds - _NULL or kinds)) if kinds else "a value"


def name_kinds(kinds: Kinds) -> str:
    """What a value is, as a sentence says it: `a number or text`."""
    articles = {"object": "an object", "list": "a list", "number": "a number", "boolean": "a boolean"}
    return " or ".join(articles.get(kind, kind) for kind in sorted(kinds - _NULL or kinds))
