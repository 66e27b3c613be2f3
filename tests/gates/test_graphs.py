"""The workflows that are drawn for interleavings are such as could be saved, and have all that a run can wait for."""

from hypothesis import HealthCheck, Phase, given, seed, settings

from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import Lookup, validate
from tests.gates.graphs import Drawn, workflows
from tests.shapes import function_tool


def test_a_drawn_workflow_has_no_issue_and_all_kinds_are_drawn():
    kinds: set[str] = set()

    @seed(1)
    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(workflows())
    def look(drawn: Drawn) -> None:
        lookup = Lookup({}, {"keep_note": function_tool("keep_note")}, drawn.flows)
        for flow in (drawn.flow, *drawn.called):
            found = validate(read_graph(flow), lookup)
            assert [issue.message for issue in found if issue.severity.value == "error"] == []
            kinds.update(str(node.config.get("mode") or node.type) for node in flow.graph.nodes)
            kinds.update("loop" for edge in flow.graph.edges if edge.max_rounds)
            kinds.update(str(edge.on) for edge in flow.graph.edges)

    look()

    assert {"human_approval", "wait", "workflow", "run", "each", "loop", "error", "always"} <= kinds
