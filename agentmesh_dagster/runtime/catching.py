"""Catching: what becomes of a step that has failed, by its out-edges or its `onError`, and which ways lead on.

Callers hold the run's lock: `lock_run` in the same transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from agentmesh_dagster.entities.json_values import JsonValue, as_object, check_json
from agentmesh_dagster.entities.models import EdgeOn, StepStatus
from agentmesh_dagster.errors import AgentMeshError, FaultCode
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.graph.graph import GraphEdge, GraphNode, has_choice
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.routing import choose_by_end, choose_edges
from agentmesh_dagster.runtime.context import describe_fault, read_sources, read_step_input
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.steps import StepEnd, read_attempts, step_id

_KNOWN_HERE = (("error",), ("last_output",))  # what conditions behind a step ask for, and nobody has to read
_FALLBACK = "onError"


def route_end(tx: Connection, plan: Plan, run_id: str, address: Address, end: StepEnd) -> StepEnd:
    """The end of a step with all that its node says of ends.

    A step that failed is caught if an edge may be followed then, or succeeds with the output of `onError`. One that is
    not caught by itself takes no edge at all where something around it deals with faults: see `graph/catchers.py`. One
    that succeeded takes its edges `on: always` too.
    """
    return _Router(tx, plan, run_id, address).route(end)


class _Router:
    def __init__(self, tx: Connection, plan: Plan, run_id: str, address: Address) -> None:
        self._tx = tx
        self._plan = plan
        self._run_id = run_id
        self._address = address
        self._node: GraphNode = plan.node_of(address)

    def route(self, end: StepEnd) -> StepEnd:
        if end.status is StepStatus.SUCCEEDED and self._plan.graph.catches(self._node.id):
            end = self._follow_success(end)
        return self._catch(end) if end.status is StepStatus.FAILED else end

    def _follow_success(self, end: StepEnd) -> StepEnd:
        own = end.taken
        if own is None:
            own = [edge.id for edge in self._plan.graph.edges_on(self._node.id, "success")]
        try:
            always = self._choose("success", end.output, None)
        except AgentMeshError as fault:
            return _fail(end, fault, str(fault))
        return replace(end, taken=[*own, *(edge.id for edge in always)])

    def _catch(self, end: StepEnd) -> StepEnd:
        end = self._catch_itself(replace(end, taken=None, code=end.code or FaultCode.ERROR))
        is_given_up = end.has_failed and self._plan.graph.catchers.find(self._node.id) is not None
        return replace(end, taken=[]) if is_given_up else end

    def _catch_itself(self, end: StepEnd) -> StepEnd:
        try:
            if _FALLBACK in self._node.templates:
                return self._fall_back(end)
            if self._plan.graph.catches(self._node.id):
                taken = self._choose("error", end.output, self._describe(end))
                return replace(end, taken=[edge.id for edge in taken] or None)
        except AgentMeshError as fault:
            return replace(end, taken=None, error=f"{end.error} It could not be caught: {fault}")
        return end

    def _fall_back(self, end: StepEnd) -> StepEnd:
        template = self._node.templates[_FALLBACK]
        context = {} if template.is_constant else {**self._read_context(), "error": self._describe(end)}
        output = as_object(template.render(context)).get("output")
        check_json(output)
        taken: list[str] | None = None
        if has_choice(self._plan.graph, self._node):
            edges = self._plan.graph.edges_on(self._node.id, "success")
            withheld = self._plan.list_withheld(self._node.id)
            context = self._look_back([*edges, *withheld], output, None)
            taken = [edge.id for edge in choose_edges(edges, context, withheld=withheld)]
        fallen = replace(end, status=StepStatus.SUCCEEDED, output=output, taken=taken, used_fallback=True)
        return self._follow_success(fallen) if self._plan.graph.catches(self._node.id) else fallen

    def _choose(self, ended: EdgeOn, output: JsonValue, error: JsonValue) -> list[GraphEdge]:
        edges = self._plan.graph.out_edges[self._node.id]
        return choose_by_end(edges, ended, self._look_back([e for e in edges if e.may_catch], output, error))

    def _look_back(self, edges: Sequence[GraphEdge], output: JsonValue, error: JsonValue) -> Mapping[str, JsonValue]:
        """What conditions on these edges see once the step has ended so."""
        looks = [reference.path for edge in edges if edge.expression for reference in edge.expression.references]
        known = {"last_output": output, "error": error}
        if all(path[:1] in _KNOWN_HERE for path in looks):
            return known
        context = self._read_context()
        return {**context, "outputs": {**as_object(context["outputs"]), self._address.node_id: output}, **known}

    def _read_context(self) -> Mapping[str, JsonValue]:
        sources = read_sources(self._tx, self._plan, self._run_id, self._address)
        return read_step_input(self._tx, self._plan, self._run_id, self._address, sources).context

    def _describe(self, end: StepEnd) -> JsonValue:
        attempts = read_attempts(self._tx, step_id(self._run_id, self._address))
        return describe_fault(self._address.node_id, end, attempts)


def _fail(end: StepEnd, fault: AgentMeshError, error: str) -> StepEnd:
    return replace(end, status=StepStatus.FAILED, taken=None, error=error, code=fault.code, used_fallback=False)
