"""Runs whose workers are forked from a process that has everything imported."""

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from multiprocessing.forkserver import _forkserver  # pyright: ignore[reportAttributeAccessIssue]
from pathlib import Path
from shutil import which

import dagster as dg
import pytest
from dagster._core.launcher import LaunchRunContext, WorkerStatus

from agentmesh_dagster.extensions.warm_launcher import WarmRunLauncher
from agentmesh_dagster.extensions.warm_launcher.worker_process import (
    WORKER_TAG,
    WorkerProcess,
    ask_proc,
    ask_ps,
    build_worker_tag,
)
from tests.extensions import warm_jobs
from tests.extensions.warm_launching import (
    create_run,
    exists,
    get_run,
    launch,
    let_go_on,
    list_messages,
    open_home,
    read_metadata,
    read_status,
    stop_going_on,
    wait_for_end,
    wait_for_worker,
    wait_until,
)

_SUCCESS, _FAILURE, _CANCELED = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED


@pytest.fixture(scope="module")
def opened_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    _forkserver._stop()  # there is one in a process: another test's has less in it
    with open_home(tmp_path_factory.mktemp("dagster")) as opened:
        yield opened
    _forkserver._stop()


@pytest.fixture
def instance(opened_once: dg.DagsterInstance) -> Iterator[dg.DagsterInstance]:
    yield opened_once
    let_go_on(opened_once)
    opened_once.run_launcher.join()
    stop_going_on(opened_once)


def read_memory(pid: int) -> float:
    """Of a process, in MB; what it shares with others counts in parts."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def test_a_worker_is_a_process_like_any_other(instance: dg.DagsterInstance):
    run_id = launch(instance, warm_jobs.telling)
    assert wait_for_end(instance, run_id).status == _SUCCESS

    told = read_metadata(instance, run_id)
    assert told["folder"] == os.getcwd()
    assert "" not in told["path"], "what is imported must not depend on where the code goes"
    assert told["standard input"] == "/dev/null"
    assert told["title"] == f"run {run_id[:8]}"
    assert told["main script"] == "None", "the script of the launching process does not run in workers"
    wait_until(lambda: "Process for run exited" in list_messages(instance, run_id)[-1])


def test_a_worker_imports_the_code_location_and_nothing_else(instance: dg.DagsterInstance):
    run_id = launch(instance, warm_jobs.telling)
    wait_for_end(instance, run_id)
    assert read_metadata(instance, run_id)["imported"] == ["tests.extensions.warm_jobs"]


def test_workers_are_forked_from_a_process_with_one_thread_whose_memory_they_share(instance: dg.DagsterInstance):
    run_id = launch(instance, warm_jobs.telling)
    wait_for_end(instance, run_id)
    told = read_metadata(instance, run_id)
    assert read_status(told["parent"], "Threads") == "1"
    assert told["kept for ever"] > 100_000

    before = read_memory(told["parent"])
    worker = wait_for_worker(instance, launch(instance, warm_jobs.waiting))
    assert read_memory(told["parent"]) + read_memory(worker.pid) - before < 60


def test_the_next_run_sees_an_edit_of_the_code(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    code = (
        "import dagster as dg\n"
        "@dg.op\n"
        "def speak(context): context.log.info('{}')\n"
        "@dg.job(executor_def=dg.in_process_executor)\n"
        "def edited(): speak()\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "edited_code.py"
    file.write_text(code.format("good morning"))
    job = import_module("edited_code").edited
    first = launch(instance, job)
    wait_for_end(instance, first)
    file.write_text(code.format("good night!"))
    second = launch(instance, job)
    wait_for_end(instance, second)

    assert "good morning" in list_messages(instance, first)
    assert "good night!" in list_messages(instance, second)


def test_code_that_cannot_be_imported_fails_the_run_and_says_why(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "lost_code.py"
    file.write_text("import dagster as dg\n@dg.op\ndef rest(): ...\n@dg.job\ndef lost(): rest()\n")
    job = import_module("lost_code").lost
    file.write_text("import no_such_module")

    run_id = launch(instance, job)
    assert wait_for_end(instance, run_id).status == _FAILURE
    assert any("No module named 'no_such_module'" in message for message in list_messages(instance, run_id))


def test_a_step_that_fails_is_no_crash_of_the_worker(instance: dg.DagsterInstance):
    run_id = launch(instance, warm_jobs.failing)
    assert wait_for_end(instance, run_id).status == _FAILURE
    wait_until(lambda: "Process for run exited" in list_messages(instance, run_id)[-1])


def test_a_worker_that_dies_fails_its_run_at_once_and_no_other(instance: dg.DagsterInstance):
    other = launch(instance, warm_jobs.waiting)
    by_itself = launch(instance, warm_jobs.dying)
    killed = launch(instance, warm_jobs.waiting)
    os.kill(wait_for_worker(instance, killed).pid, signal.SIGKILL)

    assert wait_for_end(instance, by_itself).status == _FAILURE
    assert any("exited with code 7" in message for message in list_messages(instance, by_itself))
    assert wait_for_end(instance, killed).status == _FAILURE
    [failure] = instance.all_logs(killed, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert failure.dagster_event is not None
    assert "SIGKILL" in (failure.dagster_event.message or ""), "whoever asks why the run failed is told this"
    let_go_on(instance)
    assert wait_for_end(instance, other).status == _SUCCESS
    assert wait_for_end(instance, launch(instance, warm_jobs.telling)).status == _SUCCESS


def test_another_process_ends_a_run(instance: dg.DagsterInstance):
    run_id = launch(instance, warm_jobs.waiting)
    worker = wait_for_worker(instance, run_id)
    code = (
        "import sys, dagster as dg\n"
        "with dg.DagsterInstance.from_config(sys.argv[1]) as instance:\n"
        "    print(instance.run_launcher.terminate(sys.argv[2]))\n"
    )
    command = [sys.executable, "-c", code, instance.root_directory, run_id]
    asked = subprocess.run(command, capture_output=True, text=True, check=True)

    assert asked.stdout.strip() == "True"
    assert wait_for_end(instance, run_id).status == _CANCELED
    wait_until(lambda: not exists(worker.pid))
    assert instance.run_launcher.terminate(run_id) is False, "it is over"


def test_a_run_that_is_ended_before_its_worker_has_come_up_ends_as_canceled(instance: dg.DagsterInstance):
    run = create_run(instance, warm_jobs.telling, status=dg.DagsterRunStatus.STARTING)
    assert instance.run_launcher.terminate(run.run_id) is True
    assert get_run(instance, run.run_id).status == dg.DagsterRunStatus.CANCELING

    instance.run_launcher.launch_run(LaunchRunContext(get_run(instance, run.run_id), workspace=None))
    assert wait_for_end(instance, run.run_id).status == _CANCELED
    assert not instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START)


def test_a_worker_is_said_to_be_healthy_until_it_is_gone(instance: dg.DagsterInstance):
    run_id = launch(instance, warm_jobs.waiting)
    worker, launcher = wait_for_worker(instance, run_id), instance.run_launcher
    started = get_run(instance, run_id)
    assert launcher.check_run_worker_health(started).status == WorkerStatus.RUNNING
    let_go_on(instance)
    wait_for_end(instance, run_id)
    wait_until(lambda: not exists(worker.pid))
    assert launcher.check_run_worker_health(started).status == WorkerStatus.SUCCESS


def test_a_process_that_has_the_id_of_a_dead_worker_is_left_alone(instance: dg.DagsterInstance):
    run = create_run(instance, warm_jobs.waiting, status=dg.DagsterRunStatus.STARTED)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        tag = build_worker_tag(WorkerProcess(run.run_id, socket.gethostname(), stranger.pid, "long ago"))
        instance.add_run_tags(run.run_id, tag)
        health = instance.run_launcher.check_run_worker_health(get_run(instance, run.run_id))
        assert health.status == WorkerStatus.NOT_FOUND
        assert instance.run_launcher.terminate(run.run_id) is False
        time.sleep(0.1)
        assert stranger.poll() is None
        stranger.kill()
    assert f"Its worker, process {stranger.pid}, is gone." in list_messages(instance, run.run_id)[-1]
    instance.report_run_canceled(get_run(instance, run.run_id))


def test_a_process_that_has_ended_and_was_not_waited_for_is_gone():
    with subprocess.Popen(["sleep", "60"]) as process:
        worker = WorkerProcess("run", socket.gethostname(), process.pid, ask_proc(process.pid)[1])
        assert worker.is_alive
        process.kill()
        wait_until(lambda: ask_proc(process.pid)[0] == "Z")
        assert not worker.is_alive


@pytest.mark.parametrize(
    "ask", [ask_proc, pytest.param(ask_ps, marks=pytest.mark.skipif(not which("ps"), reason="ps"))]
)
def test_the_system_tells_when_a_process_started(ask: Callable[[int], tuple[str, str]]):
    with subprocess.Popen(["sleep", "60"]) as process:
        state, start = ask(process.pid)
        assert state[0] in "RSD"
        assert start
        time.sleep(0.05)
        assert ask(process.pid)[1] == start
        process.kill()
        wait_until(lambda: ask(process.pid)[0][:1] == "Z")
    assert ask(process.pid) == ("", "")


@pytest.mark.parametrize("host_and_run", ["elsewhere and its own", "here and its parent's", "no worker at all"])
def test_a_run_that_cannot_be_seen_from_here_is_not_taken_for_dead(instance: dg.DagsterInstance, host_and_run: str):
    run = create_run(instance, warm_jobs.telling, status=dg.DagsterRunStatus.STARTED)
    host = "elsewhere" if "elsewhere" in host_and_run else socket.gethostname()
    of_run = "its-parent" if "parent" in host_and_run else run.run_id
    if host_and_run != "no worker at all":
        instance.add_run_tags(run.run_id, build_worker_tag(WorkerProcess(of_run, host, 4_194_000, "long ago")))

    health = instance.run_launcher.check_run_worker_health(get_run(instance, run.run_id))
    assert health.status == WorkerStatus.RUNNING
    assert instance.run_launcher.terminate(run.run_id) is False
    if host == "elsewhere":
        assert "process 4194000 of elsewhere" in list_messages(instance, run.run_id)[-1]
    instance.report_run_canceled(get_run(instance, run.run_id))


def test_what_a_step_leaves_behind_does_not_keep_the_worker_and_is_ended_in_order(instance: dg.DagsterInstance):
    run_id = launch(instance, warm_jobs.untidy)
    assert wait_for_end(instance, run_id).status == _SUCCESS
    wait_until((Path(instance.root_directory) / "last_words").exists)
    worker = json.loads(get_run(instance, run_id).tags[WORKER_TAG])
    wait_until(lambda: not exists(worker["pid"]), seconds=5)


def test_dagsters_executor_with_a_process_per_step_works_in_a_worker(instance: dg.DagsterInstance):
    assert wait_for_end(instance, launch(instance, warm_jobs.telling_in_a_process)).status == _SUCCESS


def test_many_launches_from_several_threads_leave_nothing_behind(instance: dg.DagsterInstance):
    wait_for_end(instance, launch(instance, warm_jobs.failing))  # the first opens what stays open

    def count_watches() -> int:
        return sum(thread.name.startswith("run worker") for thread in threading.enumerate())

    wait_until(lambda: count_watches() == 0)
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    with ThreadPoolExecutor(4) as threads:
        run_ids = list(threads.map(lambda _: launch(instance, warm_jobs.failing), range(8)))
    instance.run_launcher.join()
    wait_until(lambda: count_watches() == 0)

    assert [get_run(instance, run_id).status for run_id in run_ids] == [_FAILURE] * 8
    workers = {json.loads(get_run(instance, run_id).tags[WORKER_TAG])["pid"] for run_id in run_ids}
    assert len(workers) == 8
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers), "none is left, not even to be waited for"
    assert len(os.listdir("/proc/self/fd")) <= before


def test_the_launcher_is_one_of_dagsters_that_can_be_told_what_to_preload(instance: dg.DagsterInstance):
    assert isinstance(instance.run_launcher, WarmRunLauncher)
    assert isinstance(instance.run_launcher, dg.DefaultRunLauncher)
    assert instance.run_launcher.supports_check_run_worker_health
    assert instance.run_monitoring_enabled
