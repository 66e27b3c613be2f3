"""The syntax tree of an expression, and what it refers to."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from agentmesh_dagster.entities.json_values import JsonValue


@dataclass(frozen=True, slots=True)
class Literal:
    value: JsonValue  # text, number, boolean or null


@dataclass(frozen=True, slots=True)
class ListLiteral:
    items: tuple["SyntaxNode", ...]


@dataclass(frozen=True, slots=True)
class LookUpStep:
    key: "str | int | SyntaxNode"  # a node when the key is computed
    column: int


@dataclass(frozen=True, slots=True)
class LookUp:
    base: "SyntaxNode | None"  # None is the variable `context`
    steps: tuple[LookUpStep, ...]
    column: int


@dataclass(frozen=True, slots=True)
class Has:
    look_up: LookUp


@dataclass(frozen=True, slots=True)
class Call:
    function: str  # a key of operators.FUNCTIONS
    operands: tuple["SyntaxNode", ...]
    column: int


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str  # ! or -
    operand: "SyntaxNode"
    column: int


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str  # CEL's spelling, also when the author wrote `and`
    left: "SyntaxNode"
    right: "SyntaxNode"
    column: int


@dataclass(frozen=True, slots=True)
class Choice:
    condition: "SyntaxNode"
    when_true: "SyntaxNode"
    when_false: "SyntaxNode"
    column: int  # of the `?`


SyntaxNode: TypeAlias = Literal | ListLiteral | LookUp | Has | Call | Unary | Binary | Choice


@dataclass(frozen=True)
class Reference:
    """A look-up that starts at `context`, as far as its keys stand in the source.

    `context.outputs.a["b"]` has the path ("outputs", "a", "b"), `context.outputs[context.index]` has
    ("outputs",), and `context` alone has (). Columns are 1-based.
    """

    path: tuple[str | int, ...]
    column: int  # where the word `context` stands
    columns: tuple[int, ...] = field(default=(), compare=False)  # where each step of the path stands


def list_references(root: SyntaxNode) -> tuple[Reference, ...]:
    """Every look-up in `context`, in the order of the source."""
    references: list[Reference] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, LookUp) and node.base is None:
            references.append(_read_reference(node))
        waiting.extend(_list_operands(node))
    return tuple(sorted(references, key=lambda reference: reference.column))


def list_unguarded_references(root: SyntaxNode) -> Iterator[Reference]:
    """The look-ups in `context` that are made whatever is there: none in `has`, and none behind `&&`, `||` and `?`."""
    match root:
        case Has():
            return
        case Choice(condition):
            yield from list_unguarded_references(condition)
        case Binary("&&" | "||", left):
            yield from list_unguarded_references(left)
        case _:
            if isinstance(root, LookUp) and root.base is None:
                yield _read_reference(root)
            for operand in _list_operands(root):
                yield from list_unguarded_references(operand)


def _read_reference(look_up: LookUp) -> Reference:
    path: list[str | int] = []
    columns: list[int] = []
    for step in look_up.steps:
        if not isinstance(step.key, str | int):
            break
        path.append(step.key)
        columns.append(step.column)
    return Reference(tuple(path), look_up.column, tuple(columns))


def write_plainly(node: SyntaxNode) -> str:
    """The same text for expressions that differ in spelling only: blanks, brackets, `and`, `["a"]` for `.a`."""
    match node:
        case Literal(value):
            return json.dumps(value)
        case LookUp(base, steps):
            start = "context" if base is None else write_plainly(base)
            return start + "".join(f"[{_write_key(step.key)}]" for step in steps)
        case ListLiteral(items):
            return f"[{', '.join(map(write_plainly, items))}]"
        case Has(look_up):
            return f"has({write_plainly(look_up)})"
        case Call(function, operands):
            return f"{function}({', '.join(map(write_plainly, operands))})"
        case Unary(operator, operand):
            return f"{operator}({write_plainly(operand)})"
        case Binary(operator, left, right):
            return f"({write_plainly(left)} {operator} {write_plainly(right)})"
        case Choice(condition, when_true, when_false):
            return f"({write_plainly(condition)} ? {write_plainly(when_true)} : {write_plainly(when_false)})"


def _write_key(key: "str | int | SyntaxNode") -> str:
    return json.dumps(key) if isinstance(key, str | int) else write_plainly(key)


def _list_operands(node: SyntaxNode) -> Iterable[SyntaxNode]:
    match node:
        case Literal():
            return ()
        case LookUp(base, steps):
            keys = [step.key for step in steps if not isinstance(step.key, str | int)]
            return keys if base is None else [base, *keys]
        case Binary(_, left, right):
            return (left, right)
        case ListLiteral(operands) | Call(_, operands):
            return operands
        case Has(operand) | Unary(_, operand):
            return (operand,)
        case Choice(condition, when_true, when_false):
            return (condition, when_true, when_false)
