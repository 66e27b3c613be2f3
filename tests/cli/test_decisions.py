"""`agentmesh decisions`."""

import csv

import pytest

from tests.cli.conftest import Typed
from tests.cli.test_gates import Agentmesh, first_gate, run_id  # noqa: F401


def test_decisions_are_listed_for_people_and_for_programs(agentmesh: Agentmesh, run_id: str):  # noqa: F811
    assert "Nobody has decided anything." in agentmesh("decisions").out
    agentmesh("answer", first_gate(agentmesh)["stepId"], "--approve", "--comment", "fine")

    shown = agentmesh("decisions", "--workflow", "Review")
    [decision] = agentmesh("decisions", "--format", "json", "--since", "2020-01-01").json
    [row] = csv.DictReader(agentmesh("decisions", "--format", "csv").out.splitlines())

    assert all(word in shown.out for word in ("approved", "review", "ask", "fine"))
    assert (decision["runId"], decision["outcome"], decision["comment"]) == (run_id, "approved", "fine")
    assert (row["runId"], row["outcome"], row["comment"]) == (run_id, "approved", "fine")
    assert agentmesh("decisions", "--format", "json", "--until", "2020-01-01").json == []


@pytest.mark.parametrize("arguments", [["--workflow", "nonsense"], ["--since", "yesterday"]])
def test_what_cannot_be_asked_for_is_said(agentmesh: Agentmesh, arguments: list[str]):
    refused: Typed = agentmesh("decisions", *arguments)

    assert refused.code == 2
    assert arguments[1] in refused.err
