"""What stands in `context` at one node, as a shape whose fields are worked out when they are looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.specs.context import ERROR, INDEX, PARTITION, ROUND, RUN, VERSION
from agentmesh_dagster.specs.made_shapes import TEXT, Fields, or_null
from agentmesh_dagster.specs.schema_writer import SchemaWriter
from agentmesh_dagster.specs.shapes import Shape, describe

if TYPE_CHECKING:  # it hands contexts out
    from agentmesh_dagster.graph.flow import Flow
    from agentmesh_dagster.graph.graph import Graph

_RUN, _ERROR = describe(RUN, "`context.run`"), describe(ERROR, "`context.error`")
_PARTITION, _VERSION = describe(PARTITION, "`context.partition`"), describe(VERSION, "`context.upstream`")
_INDEX, _ROUND = describe(INDEX, "`context.index`"), describe(ROUND, "`context.round`")
_TITLES = {"run": "of this run", "partition": "of the asset", "upstream": "what the asset is made from"}


def list_of_asset(graph: Graph) -> list[str]:
    """What of `context` there is only in a workflow that says of an asset what it is."""
    asset = graph.workflow.asset
    has = {"partition": asset and asset.partitions, "upstream": asset and asset.deps}
    return [name for name in has if has[name]]


def find_of_asset(graph: Graph, name: str) -> Shape | None:
    """The shape of one of these."""
    asset = graph.workflow.asset
    if asset is None or name not in list_of_asset(graph):
        return None
    versions = Fields(dict.fromkeys(asset.deps, _VERSION), "`context.upstream`", is_open=True)  # a rule tells of others
    return _PARTITION if name == "partition" else versions


@dataclass(frozen=True, eq=False)
class NodeContext(Shape):
    """`context` at one node, each field worked out when it is looked at. That there are no others another rule says."""

    flow: Flow
    node_id: str
    is_answered: bool = False  # seen from behind it, with what it gave
    may_have_failed: bool = False  # seen so from an edge that may catch
    knows_error: bool = False  # seen from what is done when it fails
    owner: str = "`context`"

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset({"object"})

    @property
    def field_names(self) -> list[str]:
        is_repeated = self.flow.graph.scopes.head_of(self.node_id) is not None
        is_there = {
            "item": is_repeated,
            "index": is_repeated,
            "round": self._is_in_loop,
            "error": self._has_error,
            "callbacks": bool(self._callbacks),
            **dict.fromkeys(list_of_asset(self.flow.graph), True),
        }
        return ["input", "last_output", "outputs", *(name for name in is_there if is_there[name]), "run"]

    @property
    def _has_error(self) -> bool:
        return self.knows_error or self.may_have_failed or self.node_id in self.flow.graph.behind_faults

    @property
    def _is_in_loop(self) -> bool:
        return bool(self.flow.graph.loops.around(self.node_id))

    @property
    def _callbacks(self) -> dict[str, Shape | None]:
        """The addresses of the waits for a callback that stand behind the node."""
        graph = self.flow.graph
        if self.is_answered:
            return {}
        waits = [node for node in graph.nodes.values() if node.spec.takes_callback(node.config)]
        return {node.id: TEXT for node in waits if graph.is_ancestor(self.node_id, node.id)}

    def find_field(self, name: str) -> Shape | None:
        flow, head = self.flow, self.flow.graph.scopes.head_of(self.node_id)
        match name:
            case "input":
                return flow.run_input
            case "last_output" if self.is_answered:
                given = flow.find_output(self.node_id, self.node_id)
                return or_null(given) if self.may_have_failed else given
            case "error" if self._has_error:
                return _ERROR
            case "last_output":
                return flow.find_input(self.node_id)
            case "outputs":
                return Outputs(flow, self.node_id, self.is_answered, self.may_have_failed)
            case "item" if head is not None:
                return flow.find_item(head)
            case "index" if head is not None:
                return _INDEX
            case "round" if self._is_in_loop:
                return _ROUND
            case "callbacks":
                return Fields(self._callbacks, "`context.callbacks`", is_open=True)
            case "run":
                return _RUN
            case _:
                return find_of_asset(flow.graph, name)

    def write(self, writer: SchemaWriter) -> JsonValue:
        titles = {
            "last_output": self._name_last(),
            "input": "the run's input",
            "item": "the item",
            "error": "what failed, if anything",
            **_TITLES,
        }
        return _write_titled(self, titles, writer)

    def _name_last(self) -> str:
        graph = self.flow.graph
        parents = [graph.nodes[node_id].title for node_id in graph.parents(self.node_id)]
        if self.may_have_failed:
            return "what it gave, if anything"
        return "the answer" if self.is_answered else ", ".join(parents) or "the run's input"


@dataclass(frozen=True, eq=False)
class Outputs(Shape):
    """`context.outputs`, worked out for the nodes that are named. Which there are another rule says."""

    flow: Flow
    node_id: str  # from where they are seen
    is_answered: bool
    may_have_failed: bool
    owner: str = "`context.outputs`"

    @property
    def kinds(self) -> None:  # it cannot be used as a whole
        return None

    @property
    def field_names(self) -> list[str]:
        return [node_id for node_id in self.flow.graph.nodes if self._is_there(node_id)]

    def find_field(self, name: str) -> Shape | None:
        if not self._is_there(name):
            return None
        found = self.flow.find_output(name, self.node_id)
        # It may have failed; or its own is that of the round before.
        is_open = name == self.node_id and (self.may_have_failed or not self.is_answered)
        return or_null(found) if is_open else found

    def _is_there(self, node_id: str) -> bool:
        if node_id == self.node_id and self.is_answered:
            return True
        return node_id in self.flow.graph.nodes and self.flow.graph.is_ancestor(node_id, self.node_id)

    def write(self, writer: SchemaWriter) -> JsonValue:
        return _write_titled(self, {node.id: node.title for node in self.flow.graph.nodes.values()}, writer)


@dataclass(frozen=True, eq=False)
class CheckContext(Shape):
    """`context` as the checks of an asset see it: when all is done."""

    flow: Flow
    owner: str = "`context`"

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset({"object"})

    @property
    def field_names(self) -> list[str]:
        return ["input", "output", "last_output", "outputs", *list_of_asset(self.flow.graph), "run"]

    def find_field(self, name: str) -> Shape | None:
        match name:
            case "input":
                return self.flow.run_input
            case "output" | "last_output":
                return self.flow.run_output
            case "outputs":
                return Fields(self._outputs, "`context.outputs`", is_open=True)
            case "run":
                return _RUN
            case _:
                return find_of_asset(self.flow.graph, name)

    @property
    def _outputs(self) -> dict[str, Shape | None]:
        """Of all nodes, as they are seen from an end; of those beside it nobody knows whether they have run."""
        graph = self.flow.graph
        ends = [end.id for end in graph.ends if end.id in graph.index]
        found = {key: self.flow.find_output(key, ends[0]) if ends else None for key in graph.nodes}
        return found if len(ends) == 1 else {key: or_null(shape) for key, shape in found.items()}

    def write(self, writer: SchemaWriter) -> JsonValue:
        titles = {
            "input": "the run's input",
            "output": "the run's output",
            "last_output": "the run's output",
            **_TITLES,
        }
        return _write_titled(self, titles, writer)


def _write_titled(shape: Shape, titles: Mapping[str, str], writer: SchemaWriter) -> JsonValue:
    """An object with all of its fields, which have a title each: who reads the schema is told what they are."""
    properties: dict[str, JsonValue] = {}
    for name in shape.field_names:
        written = writer.write(shape.find_field(name))
        title: dict[str, JsonValue] = {"title": titles[name]} if name in titles else {}
        properties[name] = {**written, **title} if isinstance(written, dict) else written
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
