"""An instance of Dagster without a disk: what `control` asks of one is answered from memory."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import dagster as dg

from agentmesh_dagster.control.dagster_internals import DagsterRunAlreadyExists
from agentmesh_dagster.translator.dagster_internals import DagsterRunNotFoundError

Status = dg.DagsterRunStatus

_STATUS_AFTER = {
    dg.DagsterEventType.RUN_SUCCESS.value: Status.SUCCESS,
    dg.DagsterEventType.RUN_SUSPENDED.value: Status.SUSPENDED,
    dg.DagsterEventType.RUN_FAILURE.value: Status.FAILURE,
}


@dataclass
class _Kept:
    run: dg.DagsterRun
    created_at: datetime
    changed_at: datetime
    failure: str | None = None


class ShortMemory:
    """An instance of Dagster without a disk: what `control` needs of one.

    `between` is called before and after each change, so that a test may let something happen just there.
    """

    def __init__(self, between: Callable[[], None] = lambda: None) -> None:
        self._kept: dict[str, _Kept] = {}
        self._between = between

    def create_run_for_job(
        self, job_def: dg.JobDefinition, execution_plan: Any, run_id: str, **said: Any
    ) -> dg.DagsterRun:
        return self.create_run(job_def.name, [*execution_plan.step_keys_to_execute], run_id, **said)

    def create_run(
        self,
        job_name: str,
        step_keys_to_execute: list[str] | None,
        run_id: str,
        run_config: Any,
        tags: dict[str, str],
        parent_run_id: str | None = None,
        root_run_id: str | None = None,
        remote_job_origin: Any = None,
        **_more: Any,
    ) -> dg.DagsterRun:
        return self.add_run(
            dg.DagsterRun(
                job_name=job_name,
                run_id=run_id,
                run_config=run_config,
                step_keys_to_execute=step_keys_to_execute,
                status=Status.NOT_STARTED,
                tags=tags,
                parent_run_id=parent_run_id,
                root_run_id=root_run_id,
                remote_job_origin=remote_job_origin,
            )
        )

    def add_run(self, run: dg.DagsterRun) -> dg.DagsterRun:
        self._between()
        if run.run_id in self._kept:
            raise DagsterRunAlreadyExists(f"`{run.run_id}`")
        self._kept[run.run_id] = _Kept(run, datetime.now(UTC), datetime.now(UTC))
        self._between()
        return run

    def has_job_snapshot(self, _job_snapshot_id: str) -> bool:
        return False

    def has_run(self, run_id: str) -> bool:
        return run_id in self._kept

    def get_run_by_id(self, run_id: str) -> dg.DagsterRun | None:
        self._between()
        kept = self._kept.get(run_id)
        return kept.run if kept else None

    def get_run_record_by_id(self, run_id: str) -> Any:
        kept = self._kept.get(run_id)
        return kept and SimpleNamespace(
            dagster_run=kept.run, update_timestamp=kept.changed_at, create_timestamp=kept.created_at
        )

    @property
    def run_storage(self) -> "ShortMemory":
        """Its own storage: what tells one instance from another is the storage."""
        return self

    def let_time_pass(self, span: timedelta) -> None:
        """All that it remembers happened so much earlier."""
        for kept in self._kept.values():
            kept.created_at -= span
            kept.changed_at -= span

    def get_runs(self, filters: dg.RunsFilter | None = None, limit: int | None = None) -> list[dg.DagsterRun]:
        return [kept.run for kept in reversed(self._kept.values()) if _matches(kept, filters)][:limit]

    def get_run_ids(self, filters: dg.RunsFilter | None = None) -> list[str]:
        return [run.run_id for run in self.get_runs(filters)]

    def get_daemon_heartbeats(self) -> dict[str, Any]:
        beat = SimpleNamespace(timestamp=time.time())
        return {"QUEUED_RUN_COORDINATOR": beat} if self.has_daemon else {}

    run_retries_enabled = False
    has_daemon = True  # that takes launches off the queue, so that workers put others there
    run_launcher = SimpleNamespace(terminate=lambda _launch_id: False)  # a worker may live on: it must be fenced off

    def get_records_for_run(self, run_id: str, of_type: dg.DagsterEventType, **_filters: Any) -> Any:
        """The run's failure, if it has one, as the record of a Dagster event."""
        failure = self._kept[run_id].failure
        event = dg.DagsterEvent(dg.DagsterEventType.RUN_FAILURE.value, "w", message=failure)
        record = SimpleNamespace(event_log_entry=SimpleNamespace(get_dagster_event=lambda: event))
        is_wanted = failure is not None and of_type is dg.DagsterEventType.RUN_FAILURE
        return SimpleNamespace(records=[record] if is_wanted else [])

    def get_run_step_stats(self, run_id: str, step_keys: list[str]) -> list[Any]:
        """As if it had gone to all of these items."""
        assert run_id in self._kept
        return [SimpleNamespace(step_key=key, status="SUCCESS") for key in step_keys]

    def submit_run(self, run_id: str, workspace: object) -> dg.DagsterRun:
        assert workspace is None
        self._between()
        if run_id not in self._kept:
            raise dg.DagsterInvariantViolationError(f"Could not load run {run_id} that was passed to submit_run")
        run = self._kept[run_id].run
        return self._change(run_id, Status.QUEUED) if run.status is Status.NOT_STARTED else run

    def report_run_canceled(self, run: dg.DagsterRun, _message: str | None = None) -> None:
        self._change(run.run_id, Status.CANCELED)

    def report_run_failed(self, run: dg.DagsterRun, message: str | None = None) -> None:
        self._change(run.run_id, Status.FAILURE, failure=message)

    def report_dagster_event(self, event: dg.DagsterEvent, run_id: str) -> None:
        if event.event_type_value != dg.DagsterEventType.STEP_FAILURE.value:  # a step's changes no status
            self._change(run_id, _STATUS_AFTER[event.event_type_value])

    def add_run_tags(self, run_id: str, _tags: dict[str, str]) -> None:
        if run_id not in self._kept:
            raise DagsterRunNotFoundError(f"`{run_id}`", invalid_run_id=run_id)

    def take_off_queue(self, run_id: str) -> None:
        """The daemon hands the run to a worker: nobody else will."""
        self._kept[run_id].run = self._kept[run_id].run.with_status(Status.STARTING)

    def fail_unstarted(self, run_id: str) -> None:
        """Dagster's run monitoring: a worker that never began is given up."""
        if (kept := self._kept.get(run_id)) and kept.run.status is Status.STARTING:
            self.report_run_failed(kept.run, "The worker did not start in time.")

    def report_started(self, run_id: str) -> None:
        self._change(run_id, Status.STARTED)

    def delete_run(self, run_id: str) -> None:
        self._kept.pop(run_id, None)

    def _change(self, run_id: str, status: Status, failure: str | None = None) -> dg.DagsterRun:
        self._between()
        if kept := self._kept.get(run_id):  # an event of a run that was deleted changes nothing
            kept.run = kept.run.with_status(status)
            kept.failure = failure or kept.failure
            kept.changed_at = datetime.now(UTC)
        self._between()
        return kept.run if kept else dg.DagsterRun(job_name="deleted", run_id=run_id)


def _matches(kept: _Kept, filters: dg.RunsFilter | None) -> bool:
    if filters is None:
        return True
    return (
        (not filters.run_ids or kept.run.run_id in filters.run_ids)
        and (not filters.statuses or kept.run.status in filters.statuses)
        and (filters.created_after is None or kept.created_at > filters.created_after)
    )
