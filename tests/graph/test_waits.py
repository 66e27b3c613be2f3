"""What is wrong with a wait is told when the workflow is saved, as far as it shows there."""

from typing import Any

import pytest

from agentmesh_dagster.graph.issue import Severity
from tests.graph.test_rules import END, START, check
from tests.shapes import node

EDGES = ["start -> pause", "pause -> end"]


def check_wait(**config: Any) -> list[tuple[str, str, str]]:
    """Code, sentence and place inside the config of each issue."""
    issues = check([START, node("pause", "wait", **config), END], EDGES)
    return [(issue.code, issue.message, (issue.path or "").partition(".config.")[2]) for issue in issues]


@pytest.mark.parametrize(
    "config",
    [
        {"seconds": 3600},
        {"seconds": 0},
        {"seconds": 0.5},
        {"seconds": "{{ context.input.pause }}"},
        {"until": "2027-01-31T09:00:00+01:00"},
        {"until": "2027-01-31T09:00Z"},
        {"until": "{{ context.input.at }}"},
        {"until": "2027-01-31T09:00:00{{ context.input.zone }}"},
    ],
)
def test_a_wait_for_a_time_is_fine(config: dict[str, Any]):
    assert check_wait(**config) == []


@pytest.mark.parametrize(
    ("config", "code", "place", "words"),
    [
        ({}, "waits-for-nothing", "seconds", "`pause` does not say what it waits for: set `seconds`"),
        ({"seconds": None}, "waits-for-nothing", "seconds", "does not say"),
        ({"seconds": 5, "until": "2027-01-31T09:00Z"}, "waits-for-several", "until", "keep one of them"),
        ({"seconds": "5"}, "bad-seconds", "seconds", "must be a number of seconds"),
        ({"seconds": True}, "bad-seconds", "seconds", "must be a number of seconds"),
        ({"seconds": -1}, "bad-seconds", "seconds", "must be between 0 and 315,360,000 (10 years)"),
        ({"seconds": 1e12}, "bad-seconds", "seconds", "must be between"),
        ({"until": "2027-01-31T09:00"}, "bad-time", "until", "must say its time zone: write 2027-01-31T09:00Z for UTC"),
        ({"until": "tomorrow"}, "bad-time", "until", "must be a time in ISO 8601, such as"),
        ({"until": 1700000000}, "bad-time", "until", "must be a time, as text in ISO 8601"),
        ({"seconds": 5, "retry": {"maxAttempts": 2}}, "setting-not-for-waits", "retry", "has no effect on a wait"),
    ],
)
def test_a_wait_for_nothing_that_there_is_an_issue(config: dict[str, Any], code: str, place: str, words: str):
    [(found, message, where)] = check_wait(**config)
    assert (found, where) == (code, place)
    assert words in message


def test_edges_behind_a_wait_carry_no_conditions():
    issues = check([START, node("pause", "wait", seconds=5), END], ["start -> pause", "pause -> end if true"])
    assert [(issue.edge_id, issue.severity) for issue in issues] == [("e1", Severity.ERROR)]


@pytest.mark.parametrize(
    "config",
    [
        {"event": {"name": "order.paid"}},
        {"event": {"name": "order.paid", "match": "context.event.order == context.input.order"}},
        {"event": {"name": "order.paid"}, "timeoutSeconds": 3_000_000, "onTimeout": "continue"},
        {"callback": True},
        {"callback": True, "timeoutSeconds": 60},
    ],
)
def test_a_wait_for_what_comes_from_outside_is_fine(config: dict[str, Any]):
    assert check_wait(**config) == []


@pytest.mark.parametrize(
    ("config", "code", "place", "words"),
    [
        ({"callback": False}, "waits-for-nothing", "seconds", "`seconds`, `until`, `event` or `callback`"),
        ({"event": {}}, "bad-config", "event.name", "is missing"),
        ({"event": {"name": "  "}}, "bad-config", "event.name", "`event.name`"),
        ({"event": {"name": "{{ context.input.name }}"}}, "template-not-allowed", "event", "write a value without"),
        ({"event": {"name": "a", "match": "context.event.x ="}}, "bad-expression", "event.match", "unexpected"),
        (
            {"event": {"name": "a", "match": "context.evnt.x"}},
            "unknown-context-field",
            "event.match",
            "no `context.evnt`",
        ),
        ({"event": {"name": "a", "match": "context.outputs.b"}}, "unknown-output", "event.match", "no node `b`"),
        ({"seconds": "{{ context.event.x }}"}, "unknown-context-field", "seconds", "`event.match` of a wait"),
        ({"event": {"name": "a"}, "callback": True}, "waits-for-several", "callback", "keep one of them"),
        ({"seconds": 60, "timeoutSeconds": 5}, "setting-without-effect", "timeoutSeconds", "never happens"),
        (
            {"callback": True, "onTimeout": "continue"},
            "setting-without-effect",
            "onTimeout",
            "set `timeoutSeconds` too",
        ),
    ],
)
def test_what_is_wrong_with_a_wait_for_what_comes_is_an_issue(
    config: dict[str, Any], code: str, place: str, words: str
):
    [(found, message, where)] = check_wait(**config)
    assert (found, where) == (code, place)
    assert words in message


def check_callbacks(text: str, *, place: str = "before", **wait: Any) -> list[tuple[str, str]]:
    nodes = [START, node("before", "human_approval"), node("wait", "wait", **(wait or {"callback": True}))]
    nodes += [node("after", "human_approval"), END]
    next(one for one in nodes if one["id"] == place)["config"]["instructions"] = text
    issues = check(nodes, ["start -> before", "before -> wait", "wait -> after", "after -> end"])
    return [(issue.code, issue.message) for issue in issues]


def test_a_node_before_a_wait_may_hand_out_its_address():
    assert check_callbacks("{{ context.callbacks.wait }}") == []
    assert check_callbacks("{{ context.callbacks['wait'] }}") == []


@pytest.mark.parametrize(
    ("text", "fields", "code", "words"),
    [
        ("{{ context.callbacks.wiat }}", {}, "unknown-callback", "There is no node `wiat`: did you mean `wait`?"),
        (
            "{{ context.callbacks.end }}",
            {},
            "unknown-callback",
            "`end` waits for no callback: name a node of type wait",
        ),
        ("{{ context.callbacks }}", {}, "computed-callback", "needs the id of a node"),
        ("{{ context.callbacks.wait }}", {"place": "after"}, "unknown-callback", "does not stand behind `after`"),
        ("{{ context.callbacks.wait }}", {"seconds": 9}, "unknown-callback", "`wait` waits for no callback"),
    ],
)
def test_an_address_of_no_wait_behind_the_node_is_an_issue(text: str, fields: dict[str, Any], code: str, words: str):
    [(found, message)] = check_callbacks(text, **fields)
    assert found == code
    assert words in message


def test_a_wait_inside_an_each_has_an_address_for_each_item_and_none_before_it():
    nodes = [START, node("tell", "human_approval", instructions="{{ context.callbacks.wait }}")]
    nodes += [node("each", "branch", mode="each", items=[1, 2], join="end"), node("wait", "wait", callback=True), END]
    [issue] = check(nodes, ["start -> tell", "tell -> each", "each -> wait", "wait -> end"])
    assert issue.code == "unknown-callback"
    assert "`wait` waits once for each item of `each`, and `tell` stands before it" in issue.message
