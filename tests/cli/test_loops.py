"""Rounds of loops and steps of sub-workflows on the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from agentmesh_dagster.cli.output.progress import RunView
from agentmesh_dagster.cli.output.values import name_step
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.settings import get_settings
from tests.cli.conftest import Typed
from tests.gallery import GRAPHS

Agentmesh = Callable[..., Typed]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("", "check"),
        ("#2", "check #2"),
        ("[3]", "check [3]"),
        ("review/[3]", "review/check [3]"),
        ("#2/[1]/review/#4", "review #2 [1]/check #4"),
    ],
)
def test_a_step_is_named_by_its_calls_rounds_and_items(path: str, name: str):
    assert name_step("check", path) == name


def apply_from_gallery(agentmesh: Agentmesh, folder: Path, name: str, change: Callable[[Any], None] = lambda _: None):
    document = yaml.safe_load((GRAPHS / f"{name}.yaml").read_text("utf-8"))
    change(document["workflows"][0])
    (folder / "loop.yaml").write_text(yaml.safe_dump(document), "utf-8")
    assert agentmesh("apply", "loop.yaml").code == 0


def test_a_gate_and_its_answer_name_the_round_and_what_was_said_before(agentmesh: Agentmesh, folder: Path):
    apply_from_gallery(agentmesh, folder, "loop_with_a_gate")
    assert "`ask #1`" in agentmesh("run", "loop_with_a_gate").out
    [first] = agentmesh("gates", "--format", "json").json
    assert (first["path"], first["round"]) == ("#1", 1)

    answered = agentmesh("answer", first["stepId"], "--reject", "--comment", "shorter")

    assert "Answered `ask #1`, for the run" in " ".join(answered.out.split())
    assert "`ask #2`" in answered.out
    [second] = agentmesh("gates", "--format", "json").json
    assert (second["round"], [past["answer"]["comment"] for past in second["rounds"]]) == (2, ["shorter"])
    listed = " ".join(agentmesh("gates").out.split())
    assert "ask #2" in listed
    assert "(in round 1:" in listed  # as much as there is room for
    [run] = agentmesh("runs", "--format", "json").json
    steps = agentmesh("show", run["id"], "--format", "json").json["steps"]
    assert [(step["path"], step["round"]) for step in steps if step["nodeId"] == "ask"] == [("#1", 1), ("#2", 2)]
    shown = agentmesh("show", run["id"]).out.splitlines()
    heads = [line for line in shown if line in ("round 1", "round 2")]
    assert heads == ["round 1", "round 2"]
    assert (
        shown.index("round 1")
        < next(at for at, line in enumerate(shown) if "draft #1" in line)
        < shown.index("round 2")
    )


def test_steps_of_a_sub_workflow_are_named_with_what_calls_it(agentmesh: Agentmesh, folder: Path):
    apply_from_gallery(agentmesh, folder, "workflow_inline_in_a_loop")

    run = agentmesh("run", "workflow_inline_in_a_loop", "--input", '{"rounds": 2}', "--format", "json").json

    places = {(step["nodeId"], step.get("path"), step.get("round")) for step in run["steps"]}
    assert ("odd", "#1/call", 1) in places
    assert ("done", None, None) in places
    shown = agentmesh("show", run["runId"]).out
    assert "round 1, call" in shown
    assert "call #1/odd" in shown


def test_the_live_view_of_a_long_loop_shows_the_present_round_alone(agentmesh: Agentmesh, folder: Path):
    def play_twenty(workflow: Any) -> None:
        for edge in workflow["graph"]["edges"]:
            if "maxRounds" in edge:
                edge |= {"maxRounds": 30, "condition": "context.round < 20"}

    apply_from_gallery(agentmesh, folder, "workflow_inline_in_a_loop", play_twenty)
    run = agentmesh("run", "workflow_inline_in_a_loop", "--input", '{"rounds": 20}', "--format", "json").json
    shown = agentmesh("show", run["runId"], "--format", "json").json
    services = open_services(get_settings())
    plan = load_plan(services.store, "workflow_inline_in_a_loop", shown["revision"])
    console = Console(width=120, record=True, file=None, force_terminal=False)
    with console.capture() as printed:
        console.print(RunView(services.store, plan, run["runId"]).render())

    lines = printed.get().splitlines()
    assert len(lines) < 20
    assert [line.split("  ")[0].strip() for line in lines if "more" in line] == ["more #20 (19 before)"]


def test_a_fault_that_was_caught_in_a_round_before_shows_in_the_line_of_the_present_one(
    agentmesh: Agentmesh, folder: Path
):
    assert agentmesh("apply", str(GRAPHS / "retry_by_an_edge_back.yaml")).code == 0
    shown = agentmesh("run", "retry_by_an_edge_back", "--input", '{"works": 3}').out
    assert "call #3 (2 before, 2 caught)" in " ".join(shown.split())
    agentmesh("run", "retry_by_an_edge_back", "--input", '{"works": 1}')
    listed = [agentmesh("runs", *options, "--format", "json").json for options in ((), ("--has-caught",))]
    assert [[run["hasCaught"] for run in runs] for runs in listed] == [[False, True], [True]]
