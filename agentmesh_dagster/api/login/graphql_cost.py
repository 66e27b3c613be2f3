"""What a GraphQL document would cost, found out before it is executed: Dagster itself executes whatever it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_list_type,
    is_non_null_type,
    value_from_ast_untyped,
)
from graphql.type import SchemaMetaFieldDef, TypeMetaFieldDef

from agentmesh_dagster.api.dagster_internals import create_schema

MAX_TOKENS = 20_000
_UNSAID = 100  # items of a list that takes a limit and is given none
_SHORT = 2  # items of any other list
_BYTES = ("capturedLogs", "description")  # their limit is one of bytes


@dataclass(frozen=True)
class Bounds:
    """The most that one operation may ask for.

    Dagster's own pages need 640 fields, 15 levels, 4 aliases, lists of 1,000 and a cost of 9 million.
    """

    fields: int  # fragments written out
    depth: int
    aliases: int
    items: int  # of one list that says its limit
    cost: int  # fields, times the items of the lists around them


FOR_READERS = Bounds(fields=2_000, depth=20, aliases=30, items=1_000, cost=15_000_000)
FOR_EDITORS = Bounds(fields=10_000, depth=30, aliases=300, items=10_000, cost=100_000_000)


class TooCostly(Exception):
    """The sentence that says what is too much."""


def check_cost(document: DocumentNode, variables: Mapping[str, Any], bounds: Bounds) -> None:
    """Raises TooCostly when an operation of the document asks for more than that."""
    fragments = {part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)}
    schema = load_schema()
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            # What the query leaves to variables counts with the defaults of these.
            defaults = {
                part.variable.name.value: value_from_ast_untyped(part.default_value)
                for part in operation.variable_definitions
                if part.default_value
            }
            walk = _Walk(schema, fragments, {**defaults, **variables}, bounds)
            walk.enter(operation.selection_set, schema.get_root_type(operation.operation), depth=0, items=1)


@cache
def load_schema() -> GraphQLSchema:
    """Dagster's schema."""
    return create_schema().graphql_schema


@dataclass
class _Walk:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    bounds: Bounds
    fields: int = 0
    aliases: int = 0
    cost: int = 0
    inside: list[str] = field(default_factory=list[str])  # fragments that stand around the place

    def enter(self, selections: SelectionSetNode | None, kind: GraphQLNamedType | None, *, depth: int, items: int):
        for part in selections.selections if selections else ():
            if isinstance(part, FieldNode):
                self._count(part, kind, depth + 1, items)
            elif isinstance(part, InlineFragmentNode):
                on = part.type_condition
                inner = self.schema.get_type(on.name.value) if on else kind
                self.enter(part.selection_set, inner, depth=depth, items=items)
            elif isinstance(part, FragmentSpreadNode):
                self._spread(part.name.value, depth, items)

    def _spread(self, name: str, depth: int, items: int) -> None:
        if name in self.inside:
            raise TooCostly(f"The fragment {name} contains itself.")
        if (fragment := self.fragments.get(name)) is not None:
            self.inside.append(name)
            inner = self.schema.get_type(fragment.type_condition.name.value)
            self.enter(fragment.selection_set, inner, depth=depth, items=items)
            self.inside.pop()

    def _count(self, node: FieldNode, kind: GraphQLNamedType | None, depth: int, items: int) -> None:
        definition = _find_field(node.name.value, kind)
        self.fields += 1
        self.aliases += node.alias is not None
        self.cost += items
        items *= self._count_items(node, definition)
        bounds = self.bounds
        for what, found, most in (
            ("fields", self.fields, bounds.fields),
            ("levels", depth, bounds.depth),
            ("aliases", self.aliases, bounds.aliases),
            ("fields and items of lists", max(self.cost, items), bounds.cost),
        ):
            if found > most:
                raise TooCostly(f"The query asks for more than {most:,} {what}.")
        inner = cast("GraphQLNamedType | None", get_named_type(cast("Any", definition).type) if definition else None)
        self.enter(node.selection_set, inner, depth=depth, items=items)

    def _count_items(self, node: FieldNode, definition: GraphQLField | None) -> int:
        given = {part.name.value: part.value for part in node.arguments}
        takes = definition.args if definition else {}
        if node.name.value in _BYTES or not ("limit" in takes or "limit" in given):
            return _SHORT if definition is None or _is_list(cast("Any", definition).type) else 1
        limit = value_from_ast_untyped(given["limit"], dict(self.variables)) if "limit" in given else None
        if not isinstance(limit, int):
            return _UNSAID
        if limit > self.bounds.items:
            raise TooCostly(f"`{node.name.value}` asks for {limit:,} items; at most {self.bounds.items:,} at once.")
        return max(limit, 1)


def _find_field(name: str, kind: GraphQLNamedType | None) -> GraphQLField | None:
    if name == "__schema":
        return SchemaMetaFieldDef
    if name == "__type":
        return TypeMetaFieldDef
    return kind.fields.get(name) if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) else None


def _is_list(kind: Any) -> bool:
    bare: Any = kind.of_type if is_non_null_type(kind) else kind
    return is_list_type(bare)
