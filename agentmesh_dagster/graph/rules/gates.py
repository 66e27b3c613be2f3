"""Rules about gates."""

from collections.abc import Iterator

from agentmesh_dagster.graph.gate_answers import find_deadline_misfit, list_deadline_answers
from agentmesh_dagster.graph.graph import Graph, GraphNode
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.read import is_set
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.specs.nodes.human_approval import GateConfig


def settings_have_an_effect_on_a_gate(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """A gate has no time limit and no retry: it waits without working."""
    for node in graph.list_nodes(lambda spec: spec.waits):
        if not isinstance(node.config, GateConfig):
            continue
        remedies = (
            ("timeout_seconds", "timeoutSeconds", "set `deadlineSeconds`, with `onDeadline`"),
            ("retry", "retry", "a gate that expired or was rejected is asked again when the run is retried"),
        )
        for name, field, remedy in remedies:
            if is_set(node.config, name) and getattr(node.config, name) is not None:
                message = f"`{field}` has no effect on a gate, which holds nothing while it waits. Remove it: {remedy}."
                yield Issue("setting-not-for-gates", message, node.id, path=f"{node.path}.config.{field}")


def a_deadline_gives_an_answer_that_its_gate_takes(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """The answer that `onDeadline: approve` or `reject` stands for fits the gate and one of its out-edges."""
    for node, config in _list_gates(graph):
        answers = list_deadline_answers(config.on_deadline) if config.deadline_seconds is not None else []
        misfits = [find_deadline_misfit(graph, node, config.answer_schema, answer) for answer in answers]
        if misfits and all(misfits):
            message = (
                f"`onDeadline: {config.on_deadline}` of {graph.show(node.id)} would fail the step: {misfits[0]}. "
                "Change the schema or the edges, or leave it at `fail`."
            )
            place = f"{node.path}.config.onDeadline"
            yield Issue("unfit-deadline-answer", message, node.id, path=place, severity=Severity.WARNING)


def _list_gates(graph: Graph) -> Iterator[tuple[GraphNode, GateConfig]]:
    for node in graph.list_nodes(lambda spec: spec.waits):
        if node.is_complete and isinstance(node.config, GateConfig):
            yield node, node.config
