"""Turns a syntax tree into functions, so that evaluating never looks at the tree again."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import TypeAlias

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.graph.expressions.faults import ExpressionFault
from agentmesh_dagster.graph.expressions.operators import (
    FUNCTIONS,
    MISSING,
    equal,
    find,
    is_in,
    is_number,
    make_calculation,
    make_order,
    name_kind,
    negate,
    not_equal,
    require_boolean,
)
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

Context: TypeAlias = dict[str, JsonValue]
Evaluate: TypeAlias = Callable[[Context], JsonValue]
"""From the object that `context` stands for to a value; raises ExpressionFault."""

_FIELDS_SHOWN = 10
_LONGEST_FIELD = 40  # characters of a field's name in a fault


def compile_syntax(node: SyntaxNode) -> Evaluate:
    """The function that evaluates `node`. It recurses as deep as the tree: at most MAX_NODES."""
    match node:
        case Literal(value):
            return lambda _: value
        case ListLiteral(nodes):
            items = [compile_syntax(item) for item in nodes]
            return lambda context: [item(context) for item in items]
        case LookUp():
            return _compile_look_up(node)
        case Has(look_up):
            return _compile_has(look_up)
        case Call(name, operands, column):
            return _compile_call(FUNCTIONS[name], [compile_syntax(operand) for operand in operands], column)
        case Unary(sign, operand, column):
            return _compile_unary(sign, compile_syntax(operand), column)
        case Binary("&&" | "||" as sign, left, right, column):
            return _compile_logic(sign, compile_syntax(left), compile_syntax(right), column)
        case Binary(sign, left, right, column):
            return _compile_binary(sign, compile_syntax(left), compile_syntax(right), column)
        case Choice():
            return _compile_choice(node)


def _compile_look_up(look_up: LookUp) -> Evaluate:
    steps = [(step.key, step.column) for step in look_up.steps if isinstance(step.key, str)]
    if look_up.base is not None or len(steps) < len(look_up.steps):
        return _compile_computed_look_up(look_up)

    # The common case, `context.a.b`, in one loop without calls.
    def look_up_fields(context: Context) -> JsonValue:
        value: JsonValue = context
        for key, column in steps:
            found = value.get(key, MISSING) if type(value) is dict else MISSING
            if found is MISSING:
                raise _explain_missing(value, key, computed=False, column=column)
            value = found
        return value

    return look_up_fields


def _compile_computed_look_up(look_up: LookUp) -> Evaluate:
    base = _compile_base(look_up)
    steps = [(_compile_key(step), not isinstance(step.key, str | int), step.column) for step in look_up.steps]

    def look_up_steps(context: Context) -> JsonValue:
        value = base(context)
        for read_key, computed, column in steps:
            key = read_key(context)
            found = find(value, key)
            if found is MISSING:
                raise _explain_missing(value, key, computed=computed, column=column)
            value = found
        return value

    return look_up_steps


def _compile_has(look_up: LookUp) -> Evaluate:
    base = _compile_base(look_up)
    keys = [_compile_key(step) for step in look_up.steps]

    def has(context: Context) -> bool:
        value = base(context)
        for read_key in keys:
            found = find(value, read_key(context))
            if found is MISSING:
                return False
            value = found
        return True

    return has


def _compile_base(look_up: LookUp) -> Evaluate:
    return (lambda context: context) if look_up.base is None else compile_syntax(look_up.base)


def _compile_key(step: LookUpStep) -> Evaluate:
    key = step.key
    return (lambda _: key) if isinstance(key, str | int) else compile_syntax(key)


def _compile_call(function: Callable[..., JsonValue], operands: list[Evaluate], column: int) -> Evaluate:
    return lambda context: function(*[operand(context) for operand in operands], column)


def _compile_unary(sign: str, operand: Evaluate, column: int) -> Evaluate:
    if sign == "-":
        return lambda context: negate(operand(context), column)
    return lambda context: not require_boolean(operand(context), "!", column)


def _compile_logic(sign: str, left: Evaluate, right: Evaluate, column: int) -> Evaluate:
    decisive = sign == "||"  # the operand that settles the result alone

    def evaluate(context: Context) -> bool:
        # As in CEL, a side that decides alone wins over a fault on the other side, in either order.
        try:
            if require_boolean(left(context), sign, column) is decisive:
                return decisive
            fault = None
        except ExpressionFault as error:
            fault = error
        if require_boolean(right(context), sign, column) is decisive:
            return decisive
        if fault is not None:
            raise fault
        return not decisive

    return evaluate


def _compile_binary(sign: str, left: Evaluate, right: Evaluate, column: int) -> Evaluate:
    if sign in _EQUALITIES:
        compare = _EQUALITIES[sign]
        return lambda context: compare(left(context), right(context))
    operate = _OPERATIONS[sign]
    return lambda context: operate(left(context), right(context), column)


def _compile_choice(choice: Choice) -> Evaluate:
    condition = compile_syntax(choice.condition)
    when_true, when_false = compile_syntax(choice.when_true), compile_syntax(choice.when_false)
    column = choice.column

    def choose(context: Context) -> JsonValue:
        chosen = when_true if require_boolean(condition(context), "?", column) else when_false
        return chosen(context)

    return choose


def _explain_missing(value: JsonValue, key: JsonValue, *, computed: bool, column: int) -> ExpressionFault:
    # A computed key is a value, and values stay out of faults.
    if type(key) is str:
        what = "field of that name" if computed else f"field '{_shorten(key)}'"
    elif is_number(key):
        what = "item at that index" if computed else f"item [{key}]"
    else:
        return ExpressionFault(f"between [ ] stands text or an integer, not {name_kind(key)}", column)
    if type(value) is dict:
        return ExpressionFault(f"no {what}; {_describe_fields(value)}", column)
    if type(value) is list:
        return ExpressionFault(f"no {what} in a list of {len(value):,}", column)
    return ExpressionFault(f"no {what} in {name_kind(value)}", column)


def _describe_fields(value: dict[str, JsonValue]) -> str:
    if not value:
        return "the object has no fields"
    shown = ", ".join(_shorten(str(name)) for name in islice(value, _FIELDS_SHOWN))
    more = len(value) - _FIELDS_SHOWN
    return f"fields here: {shown}" + (f" and {more:,} more" if more > 0 else "")


def _shorten(name: str) -> str:
    return name if len(name) <= _LONGEST_FIELD else name[:_LONGEST_FIELD] + "…"


_EQUALITIES: Mapping[str, Callable[[JsonValue, JsonValue], bool]] = {"==": equal, "!=": not_equal}
_OPERATIONS: Mapping[str, Callable[[JsonValue, JsonValue, int], JsonValue]] = {
    "in": is_in,
    **{sign: make_order(sign) for sign in ("<", "<=", ">", ">=")},
    **{sign: make_calculation(sign) for sign in ("+", "-", "*", "/", "%")},
}
