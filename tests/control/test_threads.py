"""Workflows in the thread executor, which is the default: side by side, and no thread holds a run up for ever."""

import threading
import time
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.entities.models import RunStatus, StepStatus
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.tools import tool
from tests.control.office import Office, build_sieve, noting
from tests.costs import FAR_TOO_LONG_SECONDS
from tests.shapes import function_tool, node, save, workflow

only_sqlite = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)

woken = threading.Event()


@tool
def sleep_in_c() -> str:
    woken.wait(60)  # as a C library would: no exception from outside reaches it
    return "much too late"


class _Inside:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = self.most = 0


inside = _Inside()


@tool
def come_in(what: str) -> str:
    print(f"{what} comes in")
    with inside.lock:
        inside.now += 1
        inside.most = max(inside.most, inside.now)
    time.sleep(0.3)
    with inside.lock:
        inside.now -= 1
    return what


@pytest.fixture
def office(store_url: str, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("AGENTMESH_EXECUTOR", "threads")  # the default, unless the suite runs with another
    get_settings.cache_clear()
    inside.most = 0
    return Office(open_services(), instance)


def in_parallel(count: int) -> Any:
    names = [f"arm {number}" for number in range(count)]
    arms = [node(name, "tool", toolId="come_in", input={"what": name}) for name in names]
    edges = [f"start -> {name}" for name in names] + [f"{name} -> end" for name in names]
    return workflow("w", [node("start", "start"), *arms, node("end", "end")], edges)


def test_arms_run_side_by_side_and_the_join_has_all_their_outputs(office: Office, capsys: pytest.CaptureFixture[str]):
    save(office.services, function_tool("come_in"))

    run = office.run(office.start(in_parallel(8)))

    assert run.status is RunStatus.SUCCEEDED
    assert run.output == {f"arm {number}": {"text": f"arm {number}"} for number in range(8)}
    assert inside.most > 2
    # From the attempts' own threads: see runtime/attempt.py.
    printed = capsys.readouterr().out.splitlines()
    assert sorted(printed) == [f"[arm_{number}] arm {number} comes in" for number in range(8)]


@only_sqlite
def test_the_setting_limits_how_many_steps_of_a_run_are_executed_at_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AGENTMESH_MAX_CONCURRENT_STEPS", "2")
    get_settings.cache_clear()
    office = Office(open_services(), office.instance)
    save(office.services, function_tool("come_in"))

    run = office.run(office.start(in_parallel(4)))

    assert run.status is RunStatus.SUCCEEDED
    assert inside.most == 2


@only_sqlite
def test_an_each_says_how_many_of_its_steps_are_executed_at_once(office: Office):
    save(office.services, function_tool("come_in"))
    split = node("split", "branch", mode="each", items="context.input.names", join="end", concurrency=2)
    come = node("come", "tool", toolId="come_in", input={"what": "{{ context.item }}"})
    nodes = [node("start", "start"), split, come, node("end", "end")]
    flow = workflow("w", nodes, ["start -> split", "split -> come", "come -> end"])

    run = office.run(office.start(flow, {"names": list("abcdef")}))

    assert run.status is RunStatus.SUCCEEDED
    assert inside.most == 2


@only_sqlite
def test_a_step_whose_thread_never_ends_fails_at_its_timeout_and_the_run_with_it(office: Office):
    save(office.services, function_tool("sleep_in_c"))
    stuck = [node(f"stuck {number}", "tool", toolId="sleep_in_c", input={}, timeoutSeconds=0.5) for number in (1, 2)]
    nodes = [node("start", "start"), *stuck, noting("other"), node("end", "end"), node("other end", "end")]
    edges = ["start -> stuck 1", "start -> stuck 2", "start -> other", "other -> other end"]
    edges += ["stuck 1 -> end", "stuck 2 -> end"]
    started = time.monotonic()
    try:
        run_id = office.start(workflow("w", nodes, edges))
    finally:
        seconds = time.monotonic() - started
        woken.set()

    run = office.run(run_id)
    assert seconds < FAR_TOO_LONG_SECONDS
    assert run.status is RunStatus.FAILED
    assert "took too long" in str(run.error)
    assert office.statuses(run_id) == {
        "start": StepStatus.SUCCEEDED,
        "stuck 1": StepStatus.FAILED,
        "stuck 2": StepStatus.FAILED,
        "other": StepStatus.SUCCEEDED,
        "other end": StepStatus.SUCCEEDED,
    }
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.FAILURE


@only_sqlite
@pytest.mark.parametrize(
    ("items", "output"), [([], []), ([1, 2], [None, None]), ([1, 20], [None, {"text": "kept 20"}])]
)
def test_the_join_of_an_each_gets_a_null_for_each_item_that_took_no_arm(
    office: Office, items: list[int], output: list[Any]
):
    run_id = office.start(build_sieve(), {"items": items})

    run = office.run(run_id)
    assert (run.status, run.error, run.output) == (RunStatus.SUCCEEDED, None, output)
