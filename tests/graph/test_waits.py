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
