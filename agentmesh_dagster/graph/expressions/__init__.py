"""Expressions: a subset of CEL over JSON values, parsed once, safe to evaluate; see docs/expressions.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.graph.expressions.compiler import Evaluate, compile_syntax
from agentmesh_dagster.graph.expressions.faults import ExpressionFault
from agentmesh_dagster.graph.expressions.operators import name_kind
from agentmesh_dagster.graph.expressions.parser import parse_syntax
from agentmesh_dagster.graph.expressions.syntax import Reference, SyntaxNode, list_references
from agentmesh_dagster.graph.expressions.tokens import MAX_CHARACTERS

__all__ = ["MAX_CHARACTERS", "Expression", "ExpressionFault", "Reference", "parse_expression"]


@dataclass(frozen=True)
class Expression:
    """A parsed expression."""

    source: str
    references: tuple[Reference, ...]  # every look-up in `context`, in the order of the source
    _evaluate: Evaluate = field(repr=False, compare=False)
    syntax: SyntaxNode = field(repr=False, compare=False)

    def evaluate(self, context: Mapping[str, JsonValue]) -> JsonValue:
        """The value with `context` as the variable `context`; raises ExpressionFault.

        Objects and lists in the result are those of `context`, not copies.
        """
        return self._evaluate(context if isinstance(context, dict) else dict(context))

    def evaluate_condition(self, context: Mapping[str, JsonValue]) -> bool:
        """The value, which must be true or false; raises ExpressionFault."""
        value = self.evaluate(context)
        if value is True or value is False:
            return value
        raise ExpressionFault(f"a condition must give true or false, not {name_kind(value)}")


def parse_expression(source: str, *, first_column: int = 1) -> Expression:
    """Parses `source`; raises ExpressionFault. `first_column` is where it stands in a longer text."""
    syntax = parse_syntax(source, first_column)
    return Expression(source, list_references(syntax), compile_syntax(syntax), syntax)
