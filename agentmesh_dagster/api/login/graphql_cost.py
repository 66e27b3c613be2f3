"""What a GraphQL document would cost, found out before it is executed: Dagster itself executes whatever it is sent."""

from collections import ChainMap
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
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_list_type,
    is_non_null_type,
)
from graphql.type import SchemaMetaFieldDef, TypeMetaFieldDef

from agentmesh_dagster.api.dagster_internals import create_schema

MAX_TOKENS = 20_000
MAX_DEFINITIONS = 100  # Dagster compares each with each; its own pages have 20
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
    """Raises TooCostly when an operation of the document asks for more than that.

    Takes time in proportion to the document's length, whatever it says: each fragment is looked at once an operation,
    and all operations together have as many selections as one may have.
    """
    if len(document.definitions) > MAX_DEFINITIONS:
        raise TooCostly(f"The query has more than {MAX_DEFINITIONS:,} operations and fragments.")
    fragments = {part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)}
    walk = _Walk(load_schema(), fragments, variables, bounds)
    try:
        for operation in document.definitions:
            if isinstance(operation, OperationDefinitionNode):
                walk.measure_operation(operation)
    except RecursionError:
        raise TooCostly("The query is nested too deep.") from None


@cache
def load_schema() -> GraphQLSchema:
    """Dagster's schema."""
    return create_schema().graphql_schema


@dataclass
class _Size:
    """What selections ask for, fragments written out."""

    fields: int = 0
    depth: int = 0
    aliases: int = 0
    cost: int = 0
    items: int = 1  # of lists in lists

    def add(self, other: "_Size") -> None:
        self.fields += other.fields
        self.depth = max(self.depth, other.depth)
        self.aliases += other.aliases
        self.cost += other.cost
        self.items = max(self.items, other.items)


@dataclass
class _Walk:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    bounds: Bounds
    visited: int = 0  # selections, fragments not written out
    limits: Mapping[str, Any] = field(default_factory=dict[str, Any])  # variables, with the operation's defaults
    sizes: dict[str, _Size | None] = field(default_factory=dict[str, _Size | None])  # None: it is being measured

    def measure_operation(self, operation: OperationDefinitionNode) -> None:
        """Raises TooCostly."""
        # What the query leaves to variables counts with the defaults of these.
        defaults = {part.variable.name.value: part.default_value for part in operation.variable_definitions}
        self.limits = ChainMap(
            cast("dict[str, Any]", self.variables), {name: _read_integer(node) for name, node in defaults.items()}
        )
        self.sizes = {}
        self._measure(operation.selection_set, self.schema.get_root_type(operation.operation))

    def _measure(self, selections: SelectionSetNode | None, kind: GraphQLNamedType | None) -> _Size:
        size = _Size()
        for part in selections.selections if selections else ():
            self.visited += 1
            if self.visited > MAX_TOKENS:
                raise TooCostly(f"The operations have more than {MAX_TOKENS:,} selections together.")
            if isinstance(part, FieldNode):
                size.add(self._measure_field(part, kind))
            elif isinstance(part, InlineFragmentNode):
                on = part.type_condition
                size.add(self._measure(part.selection_set, self.schema.get_type(on.name.value) if on else kind))
            elif isinstance(part, FragmentSpreadNode):
                size.add(self._measure_fragment(part.name.value))
            self._check(size)
        return size

    def _measure_fragment(self, name: str) -> _Size:
        if name not in self.sizes:
            self.sizes[name] = None
            fragment = self.fragments.get(name)
            inner = self.schema.get_type(fragment.type_condition.name.value) if fragment else None
            self.sizes[name] = self._measure(fragment.selection_set if fragment else None, inner)
        if (size := self.sizes[name]) is None:
            raise TooCostly(f"The fragment {name} contains itself.")
        return size

    def _measure_field(self, node: FieldNode, kind: GraphQLNamedType | None) -> _Size:
        definition = _find_field(node.name.value, kind)
        items = self._count_items(node, definition)
        inner = cast("GraphQLNamedType | None", get_named_type(cast("Any", definition).type) if definition else None)
        size = self._measure(node.selection_set, inner)
        return _Size(
            fields=size.fields + 1,
            depth=size.depth + 1,
            aliases=size.aliases + (node.alias is not None),
            cost=size.cost * items + 1,
            items=size.items * items,
        )

    def _check(self, size: _Size) -> None:
        bounds = self.bounds
        for what, found, most in (
            ("fields", size.fields, bounds.fields),
            ("levels", size.depth, bounds.depth),
            ("aliases", size.aliases, bounds.aliases),
            ("fields and items of lists", max(size.cost, size.items), bounds.cost),
        ):
            if found > most:
                raise TooCostly(f"The query asks for more than {most:,} {what}.")

    def _count_items(self, node: FieldNode, definition: GraphQLField | None) -> int:
        given = {part.name.value: part.value for part in node.arguments}
        takes = definition.args if definition else {}
        if node.name.value in _BYTES or not ("limit" in takes or "limit" in given):
            return _SHORT if definition is None or _is_list(cast("Any", definition).type) else 1
        value = given.get("limit")
        limit = self.limits.get(value.name.value) if isinstance(value, VariableNode) else _read_integer(value)
        if isinstance(limit, float) and limit.is_integer():  # 1e6 in a variable is as good as 1000000
            limit = int(limit)
        if not isinstance(limit, int):
            return _UNSAID
        if limit > self.bounds.items:
            raise TooCostly(f"`{node.name.value}` asks for {limit:,} items; at most {self.bounds.items:,} at once.")
        return max(limit, 1)


def _read_integer(node: ValueNode | None) -> int | None:
    # No digits behind these make it less; and Python refuses to read some thousands.
    return int(node.value[:20]) if isinstance(node, IntValueNode) else None


def _find_field(name: str, kind: GraphQLNamedType | None) -> GraphQLField | None:
    if name == "__schema":
        return SchemaMetaFieldDef
    if name == "__type":
        return TypeMetaFieldDef
    return kind.fields.get(name) if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) else None


def _is_list(kind: Any) -> bool:
    bare: Any = kind.of_type if is_non_null_type(kind) else kind
    return is_list_type(bare)
