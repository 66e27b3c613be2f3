"""What becomes of runs when the process that launched them dies, or the one that their workers are forked from."""

import logging
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration

from tests.costs import FAR_TOO_LONG_SECONDS
from tests.extensions import warm_jobs
from tests.extensions.warm_launching import (
    ask_to_launch,
    exists,
    get_run,
    launch,
    let_go_on,
    list_messages,
    open_home,
    read_metadata,
    read_status,
    run_launching_process,
    wait_for_end,
    wait_for_worker,
    wait_until,
)
from tests.process.servers import list_processes

_SUCCESS, _FAILURE = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with open_home(tmp_path / "dagster") as opened:
        yield opened


@pytest.fixture
def process(instance: dg.DagsterInstance) -> Iterator[subprocess.Popen[str]]:
    with run_launching_process(Path(instance.root_directory)) as started:
        yield started
        let_go_on(instance)
        wait_until(lambda: not list_processes(started.pid))


def monitor_runs(instance: dg.DagsterInstance) -> None:
    """One look of Dagster's run monitoring."""
    with WorkspaceProcessContext(instance, None) as workspace:
        errors = list(execute_run_monitoring_iteration(workspace, logging.getLogger("dagster.daemon")))
    assert not any(errors)


def test_after_the_death_of_the_fork_server_workers_go_on_and_the_next_launch_has_a_new_one(
    instance: dg.DagsterInstance,
):
    running = launch(instance, warm_jobs.waiting)
    worker = wait_for_worker(instance, running)
    fork_server = int(read_status(worker.pid, "PPid"))
    os.kill(fork_server, signal.SIGKILL)
    wait_until(lambda: not exists(fork_server))

    later = launch(instance, warm_jobs.telling)
    assert wait_for_end(instance, later).status == _SUCCESS
    assert read_metadata(instance, later)["parent"] != fork_server
    let_go_on(instance)
    assert wait_for_end(instance, running).status == _SUCCESS
    wait_until(lambda: not exists(worker.pid))


def test_a_process_that_warms_up_with_one_thread_is_forked_itself_and_again_after_the_death_of_that(
    instance: dg.DagsterInstance, process: subprocess.Popen[str]
):
    first = ask_to_launch(process, "waiting")
    fork_server = int(read_status(wait_for_worker(instance, first).pid, "PPid"))
    assert int(read_status(fork_server, "PPid")) == process.pid
    assert list_processes(process.pid)[fork_server] == list_processes(process.pid)[process.pid], "no Python of its own"
    assert read_status(fork_server, "Threads") == "1"
    os.kill(fork_server, signal.SIGKILL)
    wait_until(lambda: not exists(fork_server))

    later = ask_to_launch(process, "telling")
    assert wait_for_end(instance, later).status == _SUCCESS
    let_go_on(instance)
    assert wait_for_end(instance, first).status == _SUCCESS
    process.terminate()
    assert process.wait(60) == 0


def test_after_the_death_of_the_launching_process_monitoring_knows_the_living_from_the_dead(
    instance: dg.DagsterInstance, process: subprocess.Popen[str]
):
    living, dead = ask_to_launch(process, "waiting"), ask_to_launch(process, "waiting")
    wait_for_worker(instance, living)
    worker = wait_for_worker(instance, dead)
    process.kill()
    process.wait()
    os.kill(worker.pid, signal.SIGKILL)
    wait_until(lambda: not exists(worker.pid))

    monitor_runs(instance)
    assert get_run(instance, dead).status == _FAILURE
    assert f"Its process {worker.pid} is gone." in "".join(list_messages(instance, dead))
    assert get_run(instance, living).status == dg.DagsterRunStatus.STARTED
    let_go_on(instance)
    assert wait_for_end(instance, living).status == _SUCCESS
    wait_until(lambda: not list_processes(process.pid))


def test_a_launching_process_ends_promptly_and_its_workers_go_on(
    instance: dg.DagsterInstance, process: subprocess.Popen[str]
):
    run_id = ask_to_launch(process, "waiting")
    worker = wait_for_worker(instance, run_id)
    process.terminate()
    assert process.wait(FAR_TOO_LONG_SECONDS) == 0
    assert worker.is_alive

    assert instance.run_launcher.terminate(run_id) is True
    assert wait_for_end(instance, run_id).status == dg.DagsterRunStatus.CANCELED
    wait_until(lambda: not list_processes(process.pid))


def test_a_module_that_cannot_be_preloaded_is_told_of_in_the_runs_log(tmp_path: Path):
    with (
        open_home(tmp_path / "dagster", ["tests.extensions.no_such_module"]) as instance,
        run_launching_process(Path(instance.root_directory)) as process,
    ):
        run_id = ask_to_launch(process, "failing")
        wait_for_end(instance, run_id)
        assert "could not import tests.extensions.no_such_module" in "".join(list_messages(instance, run_id))


def test_nothing_is_forked_from_a_process_with_several_threads(tmp_path: Path):
    with (
        open_home(tmp_path / "dagster", ["tests.extensions.warm_threads"]) as instance,
        run_launching_process(Path(instance.root_directory)) as process,
    ):
        assert ask_to_launch(process, "telling") == "", "there is no code server that could launch it instead"
        (run,) = instance.get_runs()
        assert any("Launched through the code server" in message for message in list_messages(instance, run.run_id))
        assert run.status == _FAILURE
