"""The builtin `calculator`: decimal arithmetic as people expect it: 10 / 4 is 2.5, and 0.1 + 0.2 is 0.3.

Conditions and templates have expressions of their own; those follow CEL, where 10 / 4 is 2.
"""

import ast
from collections.abc import Callable, Mapping
from decimal import (
    ROUND_HALF_UP,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from decimal import localcontext as decimal_context
from typing import Any

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.tools.errors import InvalidToolInput
from agentmesh_dagster.tools.request import ToolRequest

# 50 digits bound the cost of every step, a power included; beyond 1e300 no float can follow.
_ARITHMETIC = Context(
    prec=50, rounding=ROUND_HALF_UP, Emax=300, Emin=-300, traps=[DivisionByZero, InvalidOperation, Overflow]
)
_EXACT = Decimal(10) ** 50

_OPERATORS: Mapping[type[ast.AST], Callable[..., Decimal]] = {
    ast.Add: Decimal.__add__,
    ast.Sub: Decimal.__sub__,
    ast.Mult: Decimal.__mul__,
    ast.Div: Decimal.__truediv__,
    ast.Mod: Decimal.__mod__,
    ast.Pow: Decimal.__pow__,
    ast.UAdd: Decimal.__pos__,
    ast.USub: Decimal.__neg__,
}


def run_calculator(request: ToolRequest, _: Settings) -> JsonValue:
    """`{"result": …}` of the expression, whole where it is a whole number."""
    expression: str = request.fields["expression"]
    try:
        with decimal_context(_ARITHMETIC):
            result = +_evaluate(ast.parse(expression.strip(), mode="eval").body)
            is_complete = abs(result) < _EXACT and result == result.to_integral_value()
    except DivisionByZero:
        raise InvalidToolInput(f"`{expression}` divides by zero") from None
    except DecimalException:
        raise InvalidToolInput(f"`{expression}` has no result, or one too large") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InvalidToolInput(f"`{expression}` is no arithmetic expression") from None
    return {"result": int(result) if is_complete else float(result)}


def _evaluate(syntax: ast.AST) -> Decimal:
    """The value of a parsed expression; only what stands here can be reached from one."""
    match syntax:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            value = Decimal(str(number))
            if value.is_finite():
                return value
            raise Overflow  # a literal such as 1e400
        case ast.UnaryOp(op, operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_evaluate(operand))
        case ast.BinOp(left, op, right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_evaluate(left), _evaluate(right))
        case ast.Call(ast.Name(name), arguments, []) if name in _FUNCTIONS:
            return _call(name, [_evaluate(argument) for argument in arguments])
        case _:
            known = ", ".join(_FUNCTIONS)
            raise InvalidToolInput(f"`{ast.unparse(syntax)[:100]}`: there are numbers, + - * / % **, and {known}")


def _call(name: str, arguments: list[Decimal]) -> Decimal:
    fewest, most, function = _FUNCTIONS[name]
    if not fewest <= len(arguments) <= most:
        raise InvalidToolInput(f"{name}() does not take {len(arguments)} numbers")
    return function(*arguments)


def _round(number: Decimal, digits: Decimal = Decimal(0)) -> Decimal:
    # Not Python's round(), which makes 2 out of 2.5.
    return number.quantize(Decimal(1).scaleb(-digits))


_FUNCTIONS: Mapping[str, tuple[int, float, Callable[..., Any]]] = {  # fewest and most arguments
    "abs": (1, 1, abs),
    "max": (2, float("inf"), max),
    "min": (2, float("inf"), min),
    "round": (1, 2, _round),
    "sqrt": (1, 1, Decimal.sqrt),
}
