"""What the translator takes from Dagster although it is not exported, in plain words."""

import inspect
import logging

import dagster as dg
from dagster._core.execution.api import job_execution_iterator
from dagster._core.log_manager import LOG_RECORD_EVENT_ATTR, DagsterLogManager

from agentmesh_dagster.translator.build_job import CompiledJob
from agentmesh_dagster.translator.dagster_internals import (
    execute_in_process_executor,
    get_log_record_event,
    has_log_record_event,
)


def name_parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # pyright: ignore[reportArgumentType]


def test_dagster_copies_a_job_through_the_method_that_we_replace():
    assert name_parameters(dg.JobDefinition._copy) == ["self", "kwargs"], "our `CompiledJob._copy` gets other arguments"
    made = inspect.getsource(dg.JobDefinition._copy)
    assert "JobDefinition.dagster_internal_init(" in made, "a copy may be of our kind already, or be made elsewhere"
    for bind in (dg.JobDefinition.with_executor_def, dg.JobDefinition.with_top_level_resources):
        assert "self._copy(" in inspect.getsource(bind), f"`{bind.__name__}` no longer copies a job by `_copy`"


def test_execute_in_process_makes_its_job_through_the_method_that_we_replace():
    executing = inspect.getsource(dg.JobDefinition.execute_in_process)
    assert "self.as_ephemeral_job(" in executing, "it would be executed without the lease that we put around"
    assert "executor_def=execute_in_process_executor" in inspect.getsource(dg.JobDefinition.as_ephemeral_job)
    assert execute_in_process_executor.executor_creation_fn, "there is nothing to put a lease around"


def test_a_job_keeps_its_kind_and_an_ephemeral_one_has_our_executor():
    assert CompiledJob._copy is not dg.JobDefinition._copy
    assert CompiledJob.as_ephemeral_job is not dg.JobDefinition.as_ephemeral_job
    assert CompiledJob.get_job_snapshot_id is not dg.JobDefinition.get_job_snapshot_id, "it has another name now"
    assert name_parameters(dg.JobDefinition.get_job_snapshot_id) == ["self"]


def test_the_end_that_dagster_writes_after_the_executor_is_a_log_record_that_can_be_filtered():
    assert issubclass(DagsterLogManager, logging.Logger), "a context's log has no `addFilter` any more"
    executing = inspect.getsource(job_execution_iterator)
    looped = executing.index("in job_context.executor.execute(job_context, execution_plan)")
    assert looped < executing.index("DagsterEvent.job_success("), "it writes the end before the executor has ended"
    written = inspect.getsource(DagsterLogManager.log_dagster_event)
    assert "self.log(" in written, "an event is not logged as a record, so no filter sees it"


def test_the_event_of_a_log_record_is_read_by_two_functions():
    record = logging.LogRecord("n", logging.INFO, "p", 1, "m", None, None)
    assert not has_log_record_event(record)
    event = dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, "job")
    setattr(record, LOG_RECORD_EVENT_ATTR, event)
    assert has_log_record_event(record), "an end would not be filtered, and a suspended run would be shown as ended"
    assert get_log_record_event(record) is event
