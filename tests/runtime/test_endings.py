"""How steps end: whatever happens, it is written down with its event, and the run ends as it should."""

from typing import Any

import pytest

from agentmesh_dagster.entities.models import EventType, RunStatus, StepStatus
from agentmesh_dagster.runtime import step
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.testing import run_workflow
from tests.shapes import node, save, workflow


def test_a_step_that_could_not_even_begin_has_failed_and_says_why(services: Services, monkeypatch: pytest.MonkeyPatch):
    read = step.read_step_input

    def read_or_break(connection: Any, plan: Any, run_id: str, key: Any, states: Any) -> Any:
        if key.node_id == "end":
            raise KeyError("the row was changed by hand")
        return read(connection, plan, run_id, key, states)

    monkeypatch.setattr(step, "read_step_input", read_or_break)
    save(services, flow := workflow("w", [node("start", "start"), node("end", "end")], ["start -> end"]))

    done = run_workflow(services, flow, {})

    assert done.run.status is RunStatus.FAILED
    assert done.run.error == "KeyError: 'the row was changed by hand'"
    [ended] = [found for found in done.steps if found.node_id == "end"]
    assert (ended.status, ended.input) == (StepStatus.FAILED, None)
    assert [event.type for event in done.events][-2:] == [EventType.STEP_FAILED, EventType.RUN_FAILED]
