"""What the extensions take from Dagster although it is not exported, in plain words."""

import inspect
import signal

import dagster as dg
from dagster._daemon.monitoring.run_monitoring import monitor_started_run

from agentmesh_dagster.extensions.dagster_internals import (
    GRPC_INFO_TAG,
    HIDDEN_TAG_PREFIX,
    ActiveExecution,
    CheckRunHealthResult,
    GrpcServerCodeLocation,
    InstanceConcurrencyContext,
    InstanceRef,
    LaunchRunContext,
    PlanExecutionContext,
    SqliteEventLogStorage,
    SqliteEventLogStorageWatchdog,
    SqliteRunStorage,
    SqliteScheduleStorage,
    StepExecutionContext,
    WorkerStatus,
    capture_interrupts,
    dagster_event_sequence_for_step,
    get_python_environment_entry_point,
    get_run_crash_explanation,
    load_run_worker,
    report_log_setup_error,
    report_log_teardown_error,
    snapshot_repository,
    trigger_hooks,
)
from agentmesh_dagster.extensions.on_demand_jobs import list_jobs


def test_dagsters_sqlite_storage_is_opened_through_the_methods_that_we_replace():
    connects = [SqliteEventLogStorage.run_connection, SqliteEventLogStorage.index_connection]
    assert all("self._connect(" in inspect.getsource(method) for method in connects)
    assert list(inspect.signature(SqliteEventLogStorage._initdb).parameters) == ["self", "engine", "for_index_shard"]
    assert "._initdb(" in inspect.getsource(SqliteEventLogStorage.__init__), "the index is made elsewhere now"
    for storage, name in ((SqliteRunStorage, "runs"), (SqliteScheduleStorage, "schedules")):
        assert list(inspect.signature(storage.__init__).parameters)[:2] == ["self", "conn_string"]
        made = inspect.getsource(storage.from_local)
        assert f'create_db_conn_string(base_dir, "{name}")' in made, "its file has another name"
        assert ".migrate()" in made
        assert ".optimize()" in made


def test_dagster_keeps_its_sqlite_files_where_we_do():
    found = {
        name: data.config_dict["base_dir"]
        for name, data in InstanceRef.config_defaults("/home").items()
        if data and name.endswith("_storage") and name != "local_artifact_storage"
    }
    assert found == {
        "run_storage": "/home/history/",
        "event_log_storage": "/home/history/runs/",
        "schedule_storage": "/home/schedules",
    }


def test_an_instance_registers_with_its_storage_before_it_uses_it():
    opening = inspect.getsource(dg.DagsterInstance.__init__)
    assert opening.index("_local_artifact_storage =") < opening.index("_event_storage.register_instance(self)")
    assert "_run_storage.register_instance(self)" in opening
    assert "_schedule_storage.register_instance(self)" in opening


def test_who_watches_a_run_is_told_when_its_file_changes():
    assert "patterns=[self._log_path]" in inspect.getsource(SqliteEventLogStorageWatchdog.__init__)
    assert hasattr(SqliteEventLogStorageWatchdog, "_process_log")


def test_a_plan_is_executed_as_dagsters_own_executor_for_one_process_does_it():
    theirs = inspect.getsource(inspect.getmodule(dagster_event_sequence_for_step).inner_plan_execution_iterator)  # pyright: ignore
    for call in (
        "compute_log_manager.build_log_key_for_run(job_context.run_id, file_key)",
        "yield DagsterEvent.capture_logs(job_context, step_keys, log_key, log_context)",
        "active_execution.concurrency_event_iterator(job_context)",
        "job_context.for_step(step, active_execution.get_known_state())",
        "dagster_event_sequence_for_step(step_context)",
        "active_execution.verify_complete(job_context, step.key)",
        "active_execution.plan_events_iterator(job_context)",
        "_trigger_hook(step_context, step_event_list)",
        "_handle_compute_log_setup_error(job_context, sys.exc_info())",
        "_handle_compute_log_teardown_error(job_context, sys.exc_info())",
    ):
        assert call in theirs
    for function in (trigger_hooks, report_log_setup_error, report_log_teardown_error):
        assert len(inspect.signature(function).parameters) == 2


def test_dagsters_state_machine_says_what_is_due_and_hands_out_a_set_that_it_goes_on_changing():
    assert list(inspect.signature(ActiveExecution.get_steps_to_execute).parameters) == ["self", "limit"]
    assert "return min(intervals)" in inspect.getsource(ActiveExecution.sleep_interval)
    assert "ready_outputs=self._step_outputs" in inspect.getsource(ActiveExecution.get_known_state)


def test_pool_slots_are_asked_for_when_the_time_that_dagster_noted_is_over():
    asking = inspect.getsource(InstanceConcurrencyContext.claim)
    assert "if time.time() > self._pending_timeouts[step_key]:" in asking
    assert "self._claims.add(step_key)" in asking
    assert "step_key in self._pending_claims" in asking


def test_a_step_runs_coroutines_in_the_event_loop_of_its_context():
    assert "return self._event_loop" in inspect.getsource(StepExecutionContext.event_loop.fget)  # pyright: ignore
    assert list(inspect.signature(PlanExecutionContext.for_step).parameters) == ["self", "step", "known_state"]


def test_what_a_step_logs_goes_through_one_handler_of_its_own_that_asks_its_filter():
    log = dg.build_op_context().log
    assert len(log.handlers) == 1
    assert "should_capture" in inspect.getsource(type(log.handlers[0]).filter)


def test_a_run_worker_of_dagsters_command_line_is_two_calls():
    open_instance, execute_run = load_run_worker()
    assert "instance_ref" in inspect.signature(open_instance).parameters
    assert list(inspect.signature(execute_run).parameters) == [
        "run_id",
        "instance",
        "write_stream_fn",
        "set_exit_code_on_failure",
    ]


def test_the_forking_launcher_replaces_what_dagsters_launcher_has():
    launcher = dg.DefaultRunLauncher
    assert list(inspect.signature(launcher.launch_run).parameters) == ["self", "context"]
    assert LaunchRunContext._fields == ("dagster_run", "workspace")
    assert "self._run_ids" in inspect.getsource(launcher.join), "what it waits for is kept elsewhere now"
    assert "GRPC_INFO_TAG" in inspect.getsource(launcher.launch_run_from_grpc_client)
    assert list(inspect.signature(launcher.check_run_worker_health).parameters) == ["self", "run"]
    assert CheckRunHealthResult._fields[:2] == ("status", "msg")


def test_a_run_is_ended_by_monitoring_unless_its_worker_is_said_to_run_or_to_have_ended_well():
    said = "status not in [WorkerStatus.RUNNING, WorkerStatus.SUCCESS]"
    assert said in inspect.getsource(monitor_started_run)
    assert {"RUNNING", "SUCCESS", "NOT_FOUND"} <= {status.name for status in WorkerStatus}


def test_a_tag_that_begins_like_dagsters_own_about_code_servers_is_hidden():
    assert GRPC_INFO_TAG.startswith(HIDDEN_TAG_PREFIX)


def test_a_crash_is_told_with_the_name_of_the_signal():
    assert get_run_crash_explanation("It", -9).startswith("It was terminated by signal 9 (SIGKILL).")
    assert get_run_crash_explanation("It", 7) == "It unexpectedly exited with code 7."


def test_interrupts_are_captured_while_a_worker_works():
    with capture_interrupts():
        assert signal.getsignal(signal.SIGTERM) is signal.getsignal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler


def test_dagsters_entry_point_of_an_environment_is_its_python():
    assert list(get_python_environment_entry_point("/bin/python")) == ["/bin/python", "-m", "dagster"]


def test_a_code_location_gets_its_jobs_through_the_two_functions_that_we_replace():
    loading = inspect.getsource(GrpcServerCodeLocation.__init__)
    assert "from dagster._api.snapshot_repository import sync_get_external_repositories_data_grpc" in loading
    assert "sync_get_external_repositories_data_grpc(" in loading
    assert "ref_to_data_fn=partial(self._job_ref_to_snap, repo_name)" in loading
    theirs = snapshot_repository.sync_get_external_repositories_data_grpc
    assert list(inspect.signature(theirs).parameters) == list(inspect.signature(list_jobs).parameters)
    fetching = inspect.signature(GrpcServerCodeLocation._job_ref_to_snap)
    assert list(fetching.parameters) == ["self", "repository_name", "job_ref"]
