"""Flow: the shape of what each node gives and gets, as far as schemas say it for sure."""

from collections.abc import Mapping
from functools import cached_property

from agentmesh_dagster.entities.models import JsonObject, NodeType, Tool
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.graph.config import AgentConfig, GateConfig
from agentmesh_dagster.graph.gate_answers import IMPLIED_SCHEMA
from agentmesh_dagster.graph.graph import Graph, GraphNode
from agentmesh_dagster.graph.shapes import Shape, describe

_LIST = describe({"type": ["array", "null"]}, "the list of results")
_TEXT: JsonObject = {"type": "string"}
# No more than its fields: a gate whose edges ask for other things takes those, also an answer that is no object.
_ANSWERED: JsonObject = {"properties": IMPLIED_SCHEMA["properties"]}
_USUAL_ANSWER = Shape(_ANSWERED, _ANSWERED, "the answer of a gate without a schema", is_usual=True)


class Flow:
    """What stands in `context` at each node of a graph. None is a value of which nothing is known."""

    def __init__(self, graph: Graph, tools: Mapping[str, Tool]) -> None:
        self._graph = graph
        self._tools = tools
        self._outputs: dict[str, Shape | None] = {}
        for node_id in graph.order:  # parents first
            self._outputs[node_id] = self._read_output(graph.nodes[node_id])

    @cached_property
    def run_input(self) -> Shape | None:
        """`context.input`."""
        return describe(self._graph.workflow.input_schema, "the workflow's inputSchema")

    def find_input(self, node_id: str) -> Shape | None:
        """`context.last_output` of the node: what its one parent gives; None where there are several."""
        parents = self._graph.parents(node_id)
        if len(parents) != 1 or node_id in self._joins or self._graph.nodes[parents[0]].is_each:
            return None
        if node_id in self._graph.unknowns.missing_sources:
            return None
        return self._outputs.get(parents[0])

    def find_output(self, node_id: str, seen_from: str) -> Shape | None:
        """`context.outputs.<node_id>` as the other node sees it: a list where an `each` was closed between."""
        each = self._each_of.get(node_id)
        if each is not None and each != self._each_of.get(seen_from):
            return _LIST
        return self._outputs.get(node_id)

    @cached_property
    def _joins(self) -> frozenset[str]:
        return frozenset(region.join for region in self._graph.regions.values() if region)

    @cached_property
    def _each_of(self) -> Mapping[str, str]:
        regions = [region for region in self._graph.regions.values() if region]
        return {node_id: region.each for region in regions for node_id in region.body}

    def _read_output(self, node: GraphNode) -> Shape | None:
        if node.id in self._graph.unknowns.vague | self._graph.unknowns.missing_sources or not node.is_complete:
            return None
        match node.type:
            case NodeType.START:
                return self.run_input
            case NodeType.AGENT:
                return _read_agent(node)
            case NodeType.TOOL:
                tool = self._tools.get(node.tool_id or "")
                return _read_tool(tool) if tool else None
            case NodeType.BRANCH:
                return None if node.is_each else self.find_input(node.id)
            case NodeType.HUMAN_APPROVAL:
                return _read_gate(node)
            case _:
                return None


def _read_tool(tool: Tool) -> Shape | None:
    return describe(tool.output_schema, f"the outputSchema of the tool {quote(tool.name)}")


def _read_agent(node: GraphNode) -> Shape | None:
    """The reply's own fields stand beside `text` and `raw`; without a schema any may."""
    schema = node.config.output_schema if isinstance(node.config, AgentConfig) else None
    owner = f"the outputSchema of {quote(node.title)}"
    if schema is None:
        return describe({"type": "object", "properties": {"text": _TEXT, "raw": {}}}, owner)
    own = Shape(schema, schema, owner)
    if own.kinds != frozenset({"object"}) or "$ref" in schema or "allOf" in schema:
        return None
    beside: JsonObject = {"text": {} if "text" in own.field_names else _TEXT, "raw": {}}
    return Shape({**schema, "properties": {**schema.get("properties", {}), **beside}}, schema, owner)


def _read_gate(node: GraphNode) -> Shape | None:
    config = node.config
    if isinstance(config, GateConfig) and config.answer_schema is None:
        return _USUAL_ANSWER  # a deadline's too
    if not isinstance(config, GateConfig) or config.on_deadline != "fail":
        return None  # what a deadline answers need not fit the schema
    return describe(config.answer_schema, f"the schema of {quote(node.title)}")
