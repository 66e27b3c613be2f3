"""A worker unpacks the steps of the plan that was written down with its run when somebody looks at them."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from agentmesh_dagster.extensions import plan_heads
from agentmesh_dagster.extensions.plan_heads import read_plan_heads


@dg.op
def work() -> None:
    pass


@dg.job
def working() -> None:
    work()
    work.alias("again")()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield instance


@pytest.fixture
def plan_id(instance: dg.DagsterInstance) -> str:
    return instance.create_run_for_job(working, tags={"says": ', "steps": ['}).execution_plan_snapshot_id or ""


def test_a_plan_is_read_without_its_steps_until_somebody_looks(instance: dg.DagsterInstance, plan_id: str):
    whole = instance.get_execution_plan_snapshot(plan_id)

    read_plan_heads(instance)
    read_plan_heads(instance)  # of an instance that executes a second run

    head = instance.get_execution_plan_snapshot(plan_id)
    assert head.initial_known_state == whole.initial_known_state
    assert head.step_keys_to_execute == whole.step_keys_to_execute
    assert "steps" not in vars(head)
    assert [step.key for step in head.steps] == ["again", "work"]
    assert head.steps == whole.steps
    assert head.step_deps == whole.step_deps


def test_a_plan_that_is_written_otherwise_is_read_as_a_whole(
    instance: dg.DagsterInstance, plan_id: str, monkeypatch: pytest.MonkeyPatch
):
    whole = instance.get_execution_plan_snapshot(plan_id)
    monkeypatch.setattr(plan_heads, "_STEPS", "steps first")

    read_plan_heads(instance)

    assert instance.get_execution_plan_snapshot(plan_id) == whole
