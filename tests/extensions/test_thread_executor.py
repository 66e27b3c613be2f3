"""The thread executor: steps side by side, and all that Dagster promises about them kept."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from tests.extensions import thread_jobs
from tests.extensions.thread_jobs import crowd, seen

QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}

workers: list[subprocess.Popen[bytes]] = []


@pytest.fixture(autouse=True)
def nothing_seen_yet() -> None:
    seen.clear()
    crowd.most, crowd.expected = 0, 1


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def reconstruct(job: str) -> Any:
    return dg.build_reconstructable_job(thread_jobs.__name__, "build", (job,), {})


def execute(
    instance: dg.DagsterInstance, job: str, loggers: dict[str, Any] = QUIET, **config: Any
) -> dg.JobExecutionResult:
    """Executes the job; `config` is that of the executor."""
    return dg.execute_job(reconstruct(job), instance, run_config={"execution": {"config": config}, "loggers": loggers})


def list_steps(result: dg.JobExecutionResult, kind: dg.DagsterEventType) -> list[str]:
    return sorted(str(event.step_key) for event in result.all_events if event.event_type is kind)


def read_output(result: dg.JobExecutionResult, node: str) -> Any:
    with result:
        return result.output_for_node(node)


def test_steps_that_wait_do_so_at_the_same_time(instance: dg.DagsterInstance):
    crowd.expected = 20
    result = execute(instance, "twenty_at_once")

    assert result.success
    assert read_output(result, "add") == 20
    assert crowd.most == 20


@pytest.mark.parametrize(
    ("config", "most"),
    [
        ({"max_concurrent": 6}, 6),
        ({"max_concurrent": 2}, 2),
        ({"max_concurrent": 1}, 1),
        ({"tag_concurrency_limits": [{"key": "kind", "value": "crowded", "limit": 3}]}, 3),
    ],
)
def test_no_more_steps_run_at_once_than_the_run_allows(instance: dg.DagsterInstance, config: dict[str, Any], most: int):
    crowd.expected = most
    assert execute(instance, "crowded", **config).success
    assert crowd.most == most


def test_a_limit_below_one_fails_the_run_and_says_why(instance: dg.DagsterInstance):
    result = execute(instance, "crowded", max_concurrent=0)

    assert not result.success
    assert "max_concurrent is 0; 1 is the least" in str([event.event_specific_data for event in result.all_events])


def test_steps_are_tried_again_after_their_delay_while_others_run(instance: dg.DagsterInstance):
    result = execute(instance, "retried")

    assert result.success
    assert [line for line in seen if "policy" in line] == ["by_policy 0", "by_policy 1", "by_policy 2"]
    assert [line for line in seen if "request" in line] == ["on_request 0", "on_request 1"]
    restarts = instance.all_logs(result.run_id, of_type=dg.DagsterEventType.STEP_RESTARTED)
    times = [event.timestamp for event in restarts if event.step_key == "by_policy"]
    assert 0.25 < times[1] - times[0] < 1.5, "as long as its policy says, and not until something else ends"
    assert list_steps(result, dg.DagsterEventType.STEP_UP_FOR_RETRY) == ["by_policy", "by_policy", "on_request"]


def test_without_retries_the_first_failure_counts(instance: dg.DagsterInstance):
    result = execute(instance, "retried", retries={"disabled": {}})

    assert not result.success
    assert list_steps(result, dg.DagsterEventType.STEP_FAILURE) == ["by_policy", "on_request"]


def test_what_is_behind_a_failed_step_does_not_run_and_everything_else_does(instance: dg.DagsterInstance):
    result = execute(instance, "one_arm_fails")

    assert not result.success
    assert list_steps(result, dg.DagsterEventType.STEP_START) == ["fail", "second", "third", "wait"]
    assert list_steps(result, dg.DagsterEventType.STEP_FAILURE) == ["fail"]
    assert instance.get_run_by_id(result.run_id).status is dg.DagsterRunStatus.FAILURE  # pyright: ignore


def test_outputs_that_are_not_given_skip_and_dynamic_ones_are_mapped_and_collected(instance: dg.DagsterInstance):
    result = execute(instance, "chosen_and_spread")

    assert result.success
    assert read_output(result, "add") == 2 + 3 + 4
    assert list_steps(result, dg.DagsterEventType.STEP_SKIPPED) == ["behind_right", "right"]
    mapped = [key for key in list_steps(result, dg.DagsterEventType.STEP_SUCCESS) if key.startswith("pass_on")]
    assert mapped == ["pass_on[item_0]", "pass_on[item_1]", "pass_on[item_2]"]


def test_hooks_run_and_a_broken_one_fails_nothing(instance: dg.DagsterInstance):
    result = execute(instance, "hooked")

    assert sorted(seen) == ["failure fail: on purpose", "success enter", "success pass_on"]
    assert list_steps(result, dg.DagsterEventType.HOOK_ERRORED) == ["enter", "pass_on"]
    assert list_steps(result, dg.DagsterEventType.STEP_FAILURE) == ["fail"]


def test_resources_are_opened_once_and_closed_after_the_last_step(instance: dg.DagsterInstance):
    assert execute(instance, "with_resource").success
    assert seen == ["opened", "shared", "shared", "closed"]


def test_a_pool_lets_steps_in_one_after_another_and_holds_nobody_else_up(tmp_path: Path):
    with dg.DagsterInstance.local_temp(str(tmp_path), {"telemetry": {"enabled": False}}) as instance:
        instance.event_log_storage.set_concurrency_slots("narrow", 1)

        result = execute(instance, "pooled")

        assert result.success
        assert crowd.most == 1
        ended = [event.step_key for event in result.all_events if event.event_type is dg.DagsterEventType.STEP_SUCCESS]
        assert ended.index("outside_pool") <= 1, "it waited for nobody"
        stats = sorted(
            (step.start_time or 0, step.end_time or 0)
            for step in instance.get_run_step_stats(result.run_id)
            if step.step_key.startswith("in_pool")
        )
        between = sum(after - before for (_, before), (after, _) in pairwise(stats))
        assert between < 2, "Dagster's own executors ask again after 1 s and more, three times"
        assert not instance.event_log_storage.get_concurrency_info("narrow").claimed_slots


def test_a_run_is_taken_up_again_from_its_failure(instance: dg.DagsterInstance):
    first = execute(instance, "heals")
    assert list_steps(first, dg.DagsterEventType.STEP_SUCCESS) == ["enter"]

    again = dg.execute_job(
        reconstruct("heals"),
        instance,
        reexecution_options=dg.ReexecutionOptions.from_failure(first.run_id, instance),
    )

    assert again.success
    assert list_steps(again, dg.DagsterEventType.STEP_SUCCESS) == ["add", "need_healing", "pass_on"]
    assert read_output(again, "pass_on") == 3


def test_a_part_of_a_job_can_be_run_alone(instance: dg.DagsterInstance):
    result = dg.execute_job(reconstruct("one_arm_fails"), instance, op_selection=["wait", "second"])

    assert result.success
    assert list_steps(result, dg.DagsterEventType.STEP_SUCCESS) == ["second", "wait"]


def test_async_ops_run_side_by_side_too(instance: dg.DagsterInstance):
    crowd.expected = 5

    assert execute(instance, "async_ops").success
    assert crowd.most == 5


def test_steps_see_the_context_variables_of_their_run_and_not_each_others(instance: dg.DagsterInstance):
    token = thread_jobs.caller.set("the test")
    try:
        assert execute(instance, "asks_who_calls", max_concurrent=1).success
    finally:
        thread_jobs.caller.reset(token)

    assert seen == ["the test"] * 3


def test_each_log_line_is_kept_once_and_with_its_own_step(instance: dg.DagsterInstance):
    crowd.expected = 3
    result = execute(instance, "logging_ops")

    assert crowd.most == 3, "they ran side by side"
    lines = [(event.step_key, event.user_message) for event in instance.all_logs(result.run_id)]
    for number in range(3):
        for source in ("context.log", "python logger"):
            message = f"{source} of log_{number}"
            assert [step for step, line in lines if line == message] == [f"log_{number}"] * 5


def test_printed_lines_say_whose_they_are(instance: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]):
    stdout, stderr = sys.stdout, sys.stderr

    assert execute(instance, "printing").success

    assert (sys.stdout, sys.stderr) == (stdout, stderr)
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    for name in ("ann", "bob", "cy"):
        own = [line for line in lines if line.startswith(f"[{name}] ")]
        assert own == [*(f"[{name}] {name} line {number}" for number in range(5)), f"[{name}] {name} helper"]
        assert f"[{name}] {name} has no line end\n" in printed.err
    assert len(lines) == 18


def test_a_caller_who_asks_for_it_gets_the_error_of_the_step(instance: dg.DagsterInstance):
    with pytest.raises(dg.Failure, match="on purpose"):
        dg.execute_job(reconstruct("one_arm_fails"), instance, raise_on_error=True)


def test_events_that_cannot_be_written_fail_the_run_and_end_its_other_steps(instance: dg.DagsterInstance):
    result = execute(instance, "events_cannot_be_written", loggers={"full_disk": {}})

    assert not result.success
    run_failure = next(event for event in result.all_events if event.event_type is dg.DagsterEventType.RUN_FAILURE)
    assert "no space left on device" in str(run_failure.event_specific_data)
    assert list_steps(result, dg.DagsterEventType.STEP_FAILURE) == ["cleans_up"]


@pytest.fixture
def kept_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """An instance that a process of its own can open, and that captures what runs print."""
    home = tmp_path / "dagster_home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.get() as instance:
        yield instance
    while workers:
        worker = workers.pop()
        worker.kill()  # one that a test has waited for in vain
        worker.communicate()


def start_worker(instance: dg.DagsterInstance, job: str) -> tuple[str, subprocess.Popen[bytes]]:
    run = instance.create_run_for_job(thread_jobs.build(job))
    command = [sys.executable, "-m", thread_jobs.__name__, instance.root_directory, job, run.run_id]
    workers.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
    return run.run_id, workers[-1]


def wait_for_steps(instance: dg.DagsterInstance, run_id: str, count: int) -> None:
    give_up = time.monotonic() + 60
    while len(instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_START)) < count:
        assert time.monotonic() < give_up
        time.sleep(0.2)


def terminate(instance: dg.DagsterInstance, run_id: str, worker: subprocess.Popen[bytes], sent: int) -> None:
    """What terminating in Dagster's UI comes down to in the run worker."""
    run = instance.get_run_by_id(run_id)
    assert run is not None
    instance.report_run_canceling(run)
    os.kill(worker.pid, sent)


def test_a_terminated_run_ends_canceled_although_one_of_its_threads_never_ends(kept_instance: dg.DagsterInstance):
    run_id, worker = start_worker(kept_instance, "endless")
    wait_for_steps(kept_instance, run_id, 3)

    terminate(kept_instance, run_id, worker, signal.SIGINT)
    output, _ = worker.communicate(timeout=90)

    assert worker.returncode == 0, output.decode()
    run = kept_instance.get_run_by_id(run_id)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.CANCELED
    failures = kept_instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    assert sorted(str(event.step_key) for event in failures) == ["cleans_up", "never_ends_async", "never_wakes"]
    left_behind = next(event for event in failures if event.step_key == "never_wakes")
    assert "did not end within 5 s" in str(left_behind.dagster_event)
    assert "cleaned up" in [event.user_message for event in kept_instance.all_logs(run_id)]


def test_steps_that_can_be_interrupted_are_so_at_once_and_what_they_printed_is_kept(kept_instance: dg.DagsterInstance):
    run_id, worker = start_worker(kept_instance, "endless_in_python")
    wait_for_steps(kept_instance, run_id, 2)

    started = time.time()
    terminate(kept_instance, run_id, worker, signal.SIGTERM)
    output, _ = worker.communicate(timeout=90)

    assert worker.returncode == 0, output.decode()
    run, record = kept_instance.get_run_by_id(run_id), kept_instance.get_run_record_by_id(run_id)
    assert run is not None
    assert record is not None
    assert run.status is dg.DagsterRunStatus.CANCELED
    assert (record.end_time or 0) - started < 4, "nobody waited for the grace to be over"
    captured = kept_instance.all_logs(run_id, of_type=dg.DagsterEventType.LOGS_CAPTURED)
    assert len(captured) == 1
    assert captured[0].dagster_event
    data: Any = captured[0].dagster_event.event_specific_data
    assert sorted(data.step_keys) == ["add", "cleans_up", "never_ends_async"]
    logs = kept_instance.compute_log_manager.get_log_data([run_id, "compute_logs", data.file_key])
    assert b"[cleans_up] looks after itself" in (logs.stdout or b"")


def test_steps_that_are_writing_when_they_are_interrupted_leave_no_lock_behind(kept_instance: dg.DagsterInstance):
    run_id, worker = start_worker(kept_instance, "chatty")
    wait_for_steps(kept_instance, run_id, 12)

    terminate(kept_instance, run_id, worker, signal.SIGINT)
    output, _ = worker.communicate(timeout=90)

    assert worker.returncode == 0, output.decode()
    run = kept_instance.get_run_by_id(run_id)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.CANCELED
    assert len(kept_instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)) == 12
