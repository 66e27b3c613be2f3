"""What was caught is told in yellow, never in green."""

import json
from typing import Any

import pytest
from rich.console import Console

from agentmesh_dagster.cli.output.reports import RunReport, write_report
from agentmesh_dagster.cli.output.run_details import print_run
from agentmesh_dagster.cli.output.values import show_run_status, show_step_status
from agentmesh_dagster.entities.models import Run, Step

RUN: dict[str, Any] = {"id": "r", "workflowId": "w", "projectId": "p", "revision": 1, "status": "succeeded"}
STEP: dict[str, Any] = {"id": "s", "runId": "r", "workflowId": "w", "nodeId": "call", "nodeType": "tool", "attempt": 1}
CAUGHT = Step.model_validate({**STEP, "status": "failed", "caught": True, "code": "timeout", "error": "too slow"})
FALLEN = Step.model_validate({**STEP, "status": "succeeded", "usedFallback": True, "code": "error", "error": "broken"})


def test_a_run_that_succeeded_although_something_failed_says_so():
    shown = show_run_status(Run.model_validate({**RUN, "hasCaught": True}))

    assert (shown.plain, shown.style) == ("! succeeded, a fault was caught", "yellow")
    assert show_run_status(Run.model_validate(RUN)).style == "green"
    open_run = Run.model_validate({**RUN, "status": "running", "hasCaught": True})
    assert show_run_status(open_run).plain == "▸ running, a fault was caught"


def test_steps_say_how_the_run_went_on():
    assert (show_step_status(CAUGHT).plain, show_step_status(CAUGHT).style) == ("! failed, caught", "yellow")
    assert show_step_status(FALLEN).plain == "! succeeded, by its fallback"
    assert show_step_status(FALLEN).style == "yellow"


@pytest.mark.parametrize("output", ["sorry", None, 5, ["sorry"], {"raw": "sorry"}, {"raw": {"usage": None}}])
@pytest.mark.parametrize("given", [{"usedFallback": True}, {"editedBy": "ada"}, {}])
def test_an_agents_step_is_shown_whatever_was_given_instead_of_its_reply(output: Any, given: dict[str, Any]):
    console = Console(record=True, width=120)
    agent = {**STEP, "nodeId": "ask", "nodeType": "agent", "status": "succeeded", "output": output, **given}

    print_run(console, Run.model_validate(RUN), [Step.model_validate(agent)])

    told = console.export_text()
    assert "ask agent" in told
    assert "output" in told
    assert "tokens" not in told


def test_show_tells_why_and_json_has_it():
    console = Console(record=True, width=120)
    run = Run.model_validate({**RUN, "hasCaught": True})

    print_run(console, run, [CAUGHT, FALLEN])

    told = console.export_text()
    assert "timeout: too slow" in told
    assert "! failed, caught" in told
    steps: Any = json.loads(json.dumps(write_report(RunReport(run, [CAUGHT, FALLEN]))["steps"]))
    assert (steps[0]["code"], steps[0]["caught"]) == ("timeout", True)
    assert steps[1]["usedFallback"] is True
