"""Reads an expression into its syntax tree, by precedence climbing over the tokens."""

from collections.abc import Mapping

from agentmesh_dagster.graph.expressions.faults import ExpressionFault
from agentmesh_dagster.graph.expressions.operators import LARGEST_INTEGER, SMALLEST_INTEGER, is_number, name_kind
from agentmesh_dagster.graph.expressions.suggestions import (
    explain_unexpected,
    explain_unknown_function,
    explain_unknown_name,
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
from agentmesh_dagster.graph.expressions.tokens import Token, read_tokens

MAX_NODES = 200
MAX_DEPTH = 32

_POWERS: Mapping[str, int] = {
    **dict.fromkeys(("||", "or"), 1),
    **dict.fromkeys(("&&", "and"), 2),
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 4),
    **dict.fromkeys(("+", "-"), 5),
    **dict.fromkeys(("*", "/", "%"), 6),
}
# `not` takes a whole comparison, as in Python, where `!` takes only the next operand, as in CEL.
_POWER_OF_NOT = 3
_SPELLINGS: Mapping[str, str] = {"or": "||", "and": "&&"}
_ORDERS = frozenset(("<", "<=", ">", ">="))
_CONSTANTS: Mapping[str, bool | None] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
}
_METHODS: Mapping[str, int] = {
    "size": 0,
    "contains": 1,
    "startsWith": 1,
    "endsWith": 1,
}  # name → operands in brackets


def parse_syntax(source: object, first_column: int) -> SyntaxNode:
    """The syntax tree of `source`, whose first character stands in `first_column`; raises ExpressionFault."""
    return _Parser(source, first_column).read_all()


class _Parser:
    """One pass over the tokens with one token in view; `depth` counts the brackets and signs around."""

    def __init__(self, source: object, first_column: int) -> None:
        self._tokens = read_tokens(source, first_column)
        self._before: Token | None = None
        self._token = next(self._tokens)
        self._nodes = 0

    def read_all(self) -> SyntaxNode:
        if self._sees("end"):
            raise ExpressionFault("the expression is empty")
        root = self._read_expression(0)
        if not self._sees("end"):
            raise explain_unexpected(self._token, self._before)
        return root

    def _read_expression(self, depth: int) -> SyntaxNode:
        choices: list[tuple[SyntaxNode, SyntaxNode, int]] = []
        last = self._read_operation(0, depth)
        while self._sees("?"):
            column = self._advance().column
            when_true = self._read_operation(0, depth)
            self._expect(":")
            choices.append((last, when_true, column))
            last = self._read_operation(0, depth)
        for condition, when_true, column in reversed(choices):
            self._count(column)
            last = Choice(condition, when_true, last, column)
        return last

    def _read_operation(self, min_power: int, depth: int) -> SyntaxNode:
        left = self._read_not(min_power, depth) if self._token.source == "not" else self._read_unary(depth)
        previous = ""
        while (power := _POWERS.get(self._token.source, 0)) > min_power:
            token = self._advance()
            if token.source in _ORDERS and previous in _ORDERS:
                raise ExpressionFault("comparisons cannot be chained: write a < b && b < c", token.column)
            right = self._read_operation(power, depth)
            self._count(token.column)
            left = Binary(_SPELLINGS.get(token.source, token.source), left, right, token.column)
            previous = token.source
        return left

    def _read_not(self, min_power: int, depth: int) -> SyntaxNode:
        token = self._advance()
        if min_power >= _POWER_OF_NOT:
            raise ExpressionFault("put ( ) around 'not …' here", token.column)
        self._count(token.column)
        # One less, so that `not not x` reads the second one as its operand.
        operand = self._read_operation(_POWER_OF_NOT - 1, self._deeper(depth, token.column))
        return Unary("!", operand, token.column)

    def _read_unary(self, depth: int) -> SyntaxNode:
        if not self._sees("!", "-"):
            return self._read_member(depth, negative=False)
        token = self._advance()
        if token.source == "-" and self._sees("number"):
            return self._read_member(depth, negative=True)
        self._count(token.column)
        return Unary(token.source, self._read_unary(self._deeper(depth, token.column)), token.column)

    def _read_member(self, depth: int, *, negative: bool) -> SyntaxNode:
        node = self._read_number(negative=negative) if negative else self._read_operand(depth)
        steps: list[LookUpStep] = []
        while self._sees(".", "["):
            if self._sees("["):
                steps.append(self._read_key(depth))
                continue
            self._advance()
            name = self._expect_name()
            if self._sees("("):
                node = self._read_method(_look_up(node, steps), name, depth)
                steps = []
            else:
                steps.append(LookUpStep(name.source, name.column))
                self._count(name.column)
        return _look_up(node, steps)

    def _read_key(self, depth: int) -> LookUpStep:
        opening = self._advance()
        column = self._token.column
        self._count(column)
        key = self._read_expression(self._deeper(depth, opening.column))
        self._expect("]", opening)
        if not isinstance(key, Literal):
            return LookUpStep(key, column)
        value = key.value
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, str | int) or isinstance(value, bool):
            kind = "a fraction" if isinstance(value, float) else name_kind(value)
            raise ExpressionFault(f"between [ ] stands text or an integer, not {kind}", column)
        if isinstance(value, int) and value < 0:
            raise ExpressionFault("items are counted from 0: a negative number names none", column)
        return LookUpStep(value, column)

    def _read_method(self, subject: SyntaxNode, name: Token, depth: int) -> SyntaxNode:
        if name.source not in _METHODS:
            raise explain_unknown_function(name, list(_METHODS), dot=".")
        operands = self._read_operands(name, _METHODS[name.source], depth)
        self._count(name.column)
        return Call(name.source, (subject, *operands), name.column)

    def _read_operand(self, depth: int) -> SyntaxNode:
        token = self._token
        if token.kind == "number":
            return self._read_number(negative=False)
        if token.kind == "text":
            self._count(token.column)
            return Literal(self._advance().value)
        if token.kind == "name":
            return self._read_name(depth)
        before = self._before
        self._advance()
        if token.kind == "(":
            inner = self._read_expression(self._deeper(depth, token.column))
            self._expect(")", token)
            return inner
        if token.kind == "[":
            self._count(token.column)
            return ListLiteral(self._read_list(token, "]", depth))
        raise explain_unexpected(token, before)

    def _read_number(self, *, negative: bool) -> Literal:
        token = self._advance()
        self._count(token.column)
        number = -token.value if negative and is_number(token.value) else token.value
        if isinstance(number, int) and not SMALLEST_INTEGER <= number <= LARGEST_INTEGER:
            raise ExpressionFault("an integer beyond 64 bits", token.column)
        return Literal(number)

    def _read_name(self, depth: int) -> SyntaxNode:
        before, name = self._before, self._advance()
        self._count(name.column)
        if name.source in _CONSTANTS:
            return Literal(_CONSTANTS[name.source])
        if self._sees("("):
            return self._read_call(name, depth)
        if name.source == "context":
            return LookUp(None, (), name.column)
        raise explain_unknown_name(name, before)

    def _read_call(self, name: Token, depth: int) -> SyntaxNode:
        if name.source == "has":
            column = self._token.column + 1
            (operand,) = self._read_operands(name, 1, depth)
            if not isinstance(operand, LookUp) or not operand.steps:
                raise ExpressionFault("has() needs a field, such as has(context.input.name)", column)
            return Has(operand)
        if name.source == "size":
            return Call("size", self._read_operands(name, 1, depth), name.column)
        if name.source in _METHODS:
            raise ExpressionFault(f"write x.{name.source}(y)", name.column)
        raise explain_unknown_function(name, ["has", "size"], dot="")

    def _read_operands(self, name: Token, count: int, depth: int) -> tuple[SyntaxNode, ...]:
        opening = self._advance()
        operands = self._read_list(opening, ")", depth)
        if len(operands) != count:
            reason = f"{name.source}() takes {count} value{'' if count == 1 else 's'}, not {len(operands)}"
            raise ExpressionFault(reason, name.column)
        return operands

    def _read_list(self, opening: Token, closing: str, depth: int) -> tuple[SyntaxNode, ...]:
        deeper = self._deeper(depth, opening.column)
        items: list[SyntaxNode] = []
        while not self._sees(closing):
            items.append(self._read_expression(deeper))
            if not self._sees(","):
                break
            self._advance()
        self._expect(closing, opening)
        return tuple(items)

    def _sees(self, *kinds: str) -> bool:
        return self._token.kind in kinds

    def _advance(self) -> Token:
        """Takes the token in view; END stays in view for ever."""
        token = self._token
        if token.kind != "end":
            self._before, self._token = token, next(self._tokens)
        return token

    def _expect(self, sign: str, opening: Token | None = None) -> None:
        if self._sees(sign):
            self._advance()
        elif self._sees("end") and opening is not None:
            raise ExpressionFault(f"this {opening.source} has no closing {sign}", opening.column)
        else:
            raise explain_unexpected(self._token, self._before, expected=sign)

    def _expect_name(self) -> Token:
        if self._sees("name"):
            return self._advance()
        raise explain_unexpected(self._token, self._before, expected="the name of a field")

    def _count(self, column: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise ExpressionFault(f"the expression has more than {MAX_NODES} parts", column)

    def _deeper(self, depth: int, column: int) -> int:
        if depth >= MAX_DEPTH:
            raise ExpressionFault(f"nested deeper than {MAX_DEPTH}", column)
        return depth + 1


def _look_up(node: SyntaxNode, steps: list[LookUpStep]) -> SyntaxNode:
    if not steps:
        return node
    if isinstance(node, LookUp):
        return LookUp(node.base, (*node.steps, *steps), node.column)
    return LookUp(node, tuple(steps), steps[0].column)
