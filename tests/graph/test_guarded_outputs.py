"""Whoever looks into an output that may be null is told so, and not where something asks before."""

import pytest

from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.graph.issue import Severity
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import Lookup, validate
from tests.graph.test_rules import SAY
from tests.shapes import node, workflow

TO_JOIN = ("start -> choose", "choose -> left if context.input == 1", "choose -> join", "left -> join")


def list_warnings(flow: Workflow) -> list[str]:
    issues = validate(read_graph(flow), Lookup({}, {"say": SAY}))
    assert all(issue.severity is Severity.WARNING for issue in issues), issues
    return [issue.message for issue in issues if issue.code == "unguarded-output"]


def write(expression: str, name: str = "") -> str:
    return "Is {{ " + expression.replace("NAME", name) + " }}"


def loop(template: str, condition: str = "context.input == 1") -> Workflow:
    """A draft that a reviewer behind it sends back."""
    return workflow(
        "loop",
        [
            node("start", "start"),
            node("draft", "tool", toolId="say", label="Draft", input={"template": template}),
            node("review", "tool", toolId="say", label="Review", input={"template": "x"}),
            node("more", "branch"),
            node("end", "end", output="{{ context.outputs.review.text }}"),
        ],
        [
            "start -> draft",
            "draft -> review",
            "review -> more",
            f"more -> draft if {condition}, 3 rounds",
            "more -> end",
        ],
    )


def arms(output: str, condition: str = "context.input == 1") -> Workflow:
    """Two arms, of which one is taken."""
    return workflow(
        "arms",
        [
            node("start", "start"),
            node("choose", "branch"),
            node("left", "tool", toolId="say", label="Left", input={"template": "x"}),
            node("right", "tool", toolId="say", input={"template": "x"}),
            node("end", "end", output=output),
        ],
        ["start -> choose", f"choose -> left if {condition}", "choose -> right", "left -> end", "right -> end"],
    )


def test_a_look_at_what_stands_behind_in_a_loop_is_told():
    assert list_warnings(loop("{{ context.outputs.review.text }}")) == [
        "`Review` has given nothing yet in the first round, and null has no field: write "
        '`has(context.outputs.review.text) ? context.outputs.review.text : ""` (column 4).'
    ]


def test_a_look_into_an_arm_that_may_have_been_skipped_is_told():
    assert list_warnings(arms("{{ size(context.outputs.left.text) }}")) == [
        "`Left` may have been skipped, and null has no field: write "
        '`has(context.outputs.left.text) ? context.outputs.left.text : ""` (column 9).'
    ]


@pytest.mark.parametrize(
    "expression",
    [
        "context.outputs.NAME",
        "has(context.outputs.NAME.text)",
        'has(context.outputs.NAME.text) ? context.outputs.NAME.text : ""',
        'context.outputs.NAME != null ? context.outputs.NAME.text : ""',
        'context.outputs.NAME != null && context.outputs.NAME.text == "x"',
        'context.outputs.NAME == null || context.outputs.NAME.text == "x"',
    ],
)
def test_a_look_that_asks_before_is_told_nothing(expression: str):
    assert list_warnings(loop(write(expression, "review"))) == []
    assert list_warnings(arms(write(expression, "left"))) == []


def test_what_a_suggestion_writes_is_told_nothing():
    [warning] = list_warnings(loop("{{ context.outputs.review.text }}"))

    assert list_warnings(loop(write(warning.split("`")[3]))) == []


def test_a_node_behind_a_condition_that_asks_is_told_nothing():
    def ask(condition: str) -> Workflow:
        return workflow(
            "behind",
            [
                node("start", "start"),
                node("choose", "branch"),
                node("left", "tool", toolId="say", input={"template": "x"}),
                node("join", "branch"),
                node("used", "tool", toolId="say", input={"template": "{{ context.outputs.left.text }}"}),
                node("end", "end"),
            ],
            [*TO_JOIN, f"join -> used if {condition}", "join -> end", "used -> end"],
        )

    assert len(list_warnings(ask("context.input == 2"))) == 1
    assert list_warnings(ask("context.outputs.left != null")) == []


def test_a_condition_is_told_too():
    flow = workflow(
        "condition",
        [
            node("start", "start"),
            node("choose", "branch"),
            node("left", "tool", toolId="say", input={"template": "x"}),
            node("join", "branch"),
            node("end", "end"),
            node("other", "end"),
        ],
        [*TO_JOIN, 'join -> end if context.outputs.left.text == "x"', "join -> other"],
    )
    assert len(list_warnings(flow)) == 1
