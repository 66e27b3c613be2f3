"""`agentmesh gates` and `agentmesh answer`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Typed
from tests.cli.documents import chain

DOCUMENT = {
    "workflows": [
        {
            "id": "review",
            "name": "Review",
            "graph": {
                "nodes": [
                    {"id": "start", "type": "start"},
                    {
                        "id": "ask",
                        "type": "human_approval",
                        "config": {
                            "instructions": "Publish {{ context.input.title }}?",
                            "payload": "{{ context.input }}",
                            "assignees": ["ann"],
                            "deadlineSeconds": 3600,
                            "schema": {"type": "object", "required": ["approved"]},
                        },
                    },
                    {"id": "end", "type": "end"},
                ],
                "edges": [
                    {"id": "a", "fromNodeId": "start", "toNodeId": "ask"},
                    {"id": "b", "fromNodeId": "ask", "toNodeId": "end"},
                ],
            },
        }
    ]
}

Agentmesh = Callable[..., Typed]


@pytest.fixture
def run_id(agentmesh: Agentmesh, folder: Path) -> str:
    (folder / "review.json").write_text(json.dumps(DOCUMENT))
    assert agentmesh("apply", "review.json").code == 0
    waits = agentmesh("run", "review", "--input", '{"title": "Hi"}', "--format", "json")
    assert waits.code == 3
    return waits.json["runId"]


def first_gate(agentmesh: Agentmesh) -> dict[str, Any]:
    return agentmesh("gates", "--format", "json").json[0]


def test_gates_lists_what_waits(agentmesh: Agentmesh, run_id: str):
    gate = first_gate(agentmesh)

    assert gate.pop("openedAt")
    assert gate.pop("deadline")
    assert gate.pop("stepId")
    assert gate == {
        "runId": run_id,
        "workflow": "review",
        "nodeId": "ask",
        "instructions": "Publish Hi?",
        "payload": {"title": "Hi"},
        "schema": {"type": "object", "required": ["approved"]},
        "assignees": ["ann"],
        "runHasFailed": False,
        "askedBefore": 0,
    }
    assert "Publish Hi?" in agentmesh("gates").out


def test_an_approval_carries_the_run_on_in_place(agentmesh: Agentmesh, run_id: str):
    step = first_gate(agentmesh)["stepId"]

    done = agentmesh("answer", step[:8], "--approve", "--comment", "fine", "--format", "json")

    assert done.code == 0
    assert done.json["runId"] == run_id
    assert (done.json["status"], done.json["output"]) == ("succeeded", {"approved": True, "comment": "fine"})
    assert agentmesh("gates", "--format", "json").json == []


def test_an_answer_beside_another_dagster_instance_leaves_the_rest_to_that_one(
    agentmesh: Agentmesh, run_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "other"))

    done = agentmesh("answer", first_gate(agentmesh)["stepId"], "--approve")

    assert done.code == 0
    assert f"Answered, for the run {run_id[:8]} of the workflow `review`." in done.out
    assert f"It goes on in Dagster. Look at it: agentmesh show {run_id[:8]}" in done.out
    assert agentmesh("gates", "--format", "json").json == []


def test_a_rejection_fails_the_run(agentmesh: Agentmesh, run_id: str):
    done = agentmesh("answer", first_gate(agentmesh)["stepId"], "--reject", "-m", "no", "--format", "json")

    assert done.code == 1
    assert done.json["error"] == "`ask`: no"


def test_a_second_answer_is_refused_with_code_4_and_says_who_was_first(agentmesh: Agentmesh, run_id: str):
    step = first_gate(agentmesh)["stepId"]
    agentmesh("answer", step, "--approve")

    refused = agentmesh("answer", step, "--reject", "--format", "json")

    assert refused.code == 4
    assert refused.out == ""
    assert "answered by" in refused.err


def test_an_answer_that_does_not_fit_leaves_the_gate_open(agentmesh: Agentmesh, run_id: str):
    step = first_gate(agentmesh)["stepId"]

    refused = agentmesh("answer", step, "--output", '{"ok": 1}')

    assert refused.code == 2
    assert "'approved' is a required property" in refused.err
    assert first_gate(agentmesh)["stepId"] == step


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["answer", "nonsense", "--approve"], "agentmesh gates"),
        (["answer", "nonsense"], "--approve, --reject and --output"),
        (["answer", "nonsense", "--approve", "--reject"], "exactly one"),
        (["answer", "nonsense", "--output", "{bad"], "--output"),
    ],
)
def test_a_bad_answer_says_what_to_type(agentmesh: Agentmesh, folder: Path, arguments: list[str], told: str):
    refused = agentmesh(*arguments)

    assert refused.code == 2
    assert told in refused.err


def test_a_rejected_run_is_continued_and_asks_again(agentmesh: Agentmesh, run_id: str):
    step_id = first_gate(agentmesh)["stepId"]
    assert agentmesh("retry", run_id[:8]).code == 2, "it has not failed"
    assert agentmesh("answer", step_id, "--reject", "-m", "not yet").code == 1

    again = agentmesh("retry", run_id[:8], "--format", "json")

    assert again.code == 3
    assert again.json["runId"] == run_id
    gate = first_gate(agentmesh)
    assert (gate["stepId"], gate["askedBefore"]) == (step_id, 1)
    assert agentmesh("answer", step_id, "--approve").code == 0


def test_an_answer_in_a_run_that_a_step_waits_for_carries_both_on_in_place(agentmesh: Agentmesh, folder: Path):
    call = {"id": "call", "type": "workflow", "workflowId": "review", "config": {"mode": "run"}}
    main = chain("main", call, end={"output": "{{ context.last_output.comment }}"})
    (folder / "both.json").write_text(json.dumps({"workflows": [*DOCUMENT["workflows"], main]}))
    assert agentmesh("apply", "both.json").code == 0
    waits = agentmesh("run", "main", "--input", '{"title": "Hi"}', "--format", "json")
    assert waits.code == 3
    [child] = agentmesh("runs", "--parent", waits.json["runId"], "--format", "json").json

    done = agentmesh(
        "answer", first_gate(agentmesh)["stepId"][:8], "--approve", "--comment", "fine", "--format", "json"
    )

    assert (done.code, done.json["runId"], done.json["status"]) == (0, child["id"], "succeeded")
    parent = agentmesh("show", waits.json["runId"], "--format", "json").json
    assert (parent["status"], parent["output"]) == ("succeeded", "fine")
