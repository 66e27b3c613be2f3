"""What is wrong with a trigger is told when the workflow is saved, at its place, in the author's words."""

from typing import Any

import pytest

from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import Lookup, validate
from agentmesh_dagster.graph.triggers import key_triggers, name_triggers
from tests.triggers.flows import after, flow, on


def check(*triggers: dict[str, Any], others: tuple[Workflow, ...] | None = (), **fields: Any) -> list[Issue]:
    known = None if others is None else {other.id: other for other in others}
    return validate(read_graph(flow("w", *triggers, **fields)), Lookup(followed=known))


def cron(expression: str = "0 9 * * 1-5", **fields: Any) -> dict[str, Any]:
    return {"type": "cron", "cron": expression, **fields}


def test_sound_triggers_have_no_issues():
    triggers = [
        cron(timezone="Europe/Berlin", input={"day": "{{ context.event.scheduledAt }}"}),
        on("order.paid", condition="context.event.amount > 100", input="{{ context.event }}"),
        after("other", "failed", input={"why": "it said: {{ context.event.error }}"}),
    ]

    assert check(*triggers, others=(flow("other"),)) == []


def test_a_cron_expression_that_never_comes_and_a_time_zone_that_is_not_there():
    issues = check(cron("0 25 31 2 *", timezone="Europe/Berln"), cron("0 9 * *"), cron(timezone=""))

    assert [(issue.code, issue.path) for issue in issues] == [
        ("bad-cron", "$.triggers[0].cron"),
        ("bad-timezone", "$.triggers[0].timezone"),
        ("bad-cron", "$.triggers[1].cron"),
        ("bad-timezone", "$.triggers[2].timezone"),
    ]
    assert issues[0].message == "The hour `25` does not lie between 0 and 23."
    assert issues[1].message == "There is no time zone `Europe/Berln`: did you mean `Europe/Berlin`?"


def test_the_name_of_an_event_stands_in_an_address():
    [issue] = check(on("order/paid"))

    assert (issue.code, issue.path) == ("bad-event-name", "$.triggers[0].name")
    assert check(on("Bestellung bezahlt ü")) == []


def test_a_run_trigger_names_a_workflow_and_an_end():
    issues = check(after("nightli"), after("nightly", "running"), others=(flow("nightly"),))

    assert [(issue.code, issue.path, issue.message) for issue in issues] == [
        ("unknown-workflow", "$.triggers[0].workflow", "There is no workflow `nightli`: did you mean `nightly`?"),
        (
            "bad-trigger-status",
            "$.triggers[1].status",
            "A run that is running has not ended: use `succeeded`, `failed` or `canceled`.",
        ),
    ]


def test_where_other_workflows_were_not_looked_up_nothing_is_said_of_them():
    assert check(after("nightly"), others=None) == []


def test_a_workflow_does_not_start_itself():
    [issue] = check(after("w"))

    assert (issue.code, issue.path) == ("trigger-ring", "$.triggers[0].workflow")


def test_a_ring_of_workflows_is_seen():
    others = (flow("a", after("b", "failed")), flow("b", after("w")), flow("c"))

    [issue] = check(after("c"), after("a"), others=others)

    assert (issue.code, issue.path) == ("trigger-ring", "$.triggers[1].workflow")
    assert issue.message == (
        "The workflow would start itself again and again through `a` and `b`: remove one of the triggers."
    )


def test_a_ring_of_others_is_theirs():
    assert check(after("a"), others=(flow("a", after("b")), flow("b", after("a")))) == []


def test_triggers_look_only_at_the_event():
    issues = check(
        on("paid", condition="context.input.amount > 100"),
        on("paid", condition="context.event.amount >"),
        cron(input={"deep": ["{{ context.run.id }}"]}),
        on("paid", input="{{ context.event. }}"),
        on("paid", input="{{ context }}"),
    )

    assert [(issue.code, issue.path) for issue in issues] == [
        ("unknown-context-field", "$.triggers[0].condition"),
        ("bad-expression", "$.triggers[1].condition"),
        ("unknown-context-field", "$.triggers[2].input.deep[0]"),
        ("bad-template", "$.triggers[3].input"),
        ("unknown-context-field", "$.triggers[4].input"),
    ]


def test_a_fixed_input_fits_the_input_schema():
    schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}

    issues = check(
        cron(input={"n": "many"}), cron(), cron(input={"n": 1}), cron(input={"n": "{{ 1 }}"}), inputSchema=schema
    )

    assert [(issue.code, issue.path) for issue in issues] == [
        ("trigger-input-mismatch", "$.triggers[0].input.n"),
        ("trigger-input-mismatch", "$.triggers[1]"),
    ]
    assert "gets {}" in issues[1].message


def test_a_cron_without_input_gets_the_defaults_of_the_schema():
    schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "default": 3}}}

    assert check(cron(), inputSchema=schema) == []


def test_keys_stay_when_other_triggers_come_and_go():
    before = flow("w", on("a"), on("b"), on("b", condition="context.event.ok"), after("x")).triggers
    later = flow("w", cron(), after("x"), on("b"), on("c"), on("b", condition="context.event.ok")).triggers

    assert set(key_triggers(before)) - set(key_triggers(later)) == {"event:1:a"}


@pytest.mark.parametrize(
    ("triggers", "names"),
    [
        ([cron(), cron()], ["cron", "cron_2"]),
        ([on("o.paid"), on("o_paid"), on("o paid")], ["on_o_paid", "on_o_paid_2", "on_o_paid_3"]),
        ([on("a"), on("a"), on("a_2")], ["on_a", "on_a_2", "on_a_2_2"]),
        ([on("__a__b__")], ["on_a_b"]),
        ([after("nightly", "failed"), after("nightly")], ["after_nightly_failed", "after_nightly_succeeded"]),
    ],
)
def test_names_are_safe_and_cannot_be_taken_for_those_of_another_job(triggers: list[dict[str, Any]], names: list[str]):
    found = name_triggers(flow("w", *triggers).triggers)

    assert found == names
    assert not any("__" in name for name in found)


def test_names_in_any_script_are_dagster_names():
    for name in name_triggers(flow("w", on("订单"), on("🙂"), on("x" * 250), after("工作流 1")).triggers):
        assert name.isascii()
        assert name.isidentifier()
        assert "__" not in name
        assert len(name) <= 100
