"""Dagster's part, played fast: runs with a status each, and workers that look at one op after another.

What `control` asks of an instance is answered from memory; what an op does is done for real, on the real store. The
order follows Dagster's rules: an op is looked at once all ops before it in the same launch are done, skipped when none
of its ports yielded, and abandoned behind a failure.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import dagster as dg

from agentmesh_dagster.control.dagster_internals import DagsterRunAlreadyExists
from agentmesh_dagster.entities.models import StepStatus
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.address import Address, Items
from agentmesh_dagster.graph.plan import ITEM, RESULT, Plan, PlannedOp, Wiring
from agentmesh_dagster.graph.scopes import list_items
from agentmesh_dagster.runtime.begin import begin_launch
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.step import Outcome, StepReport, StepTask, run_step
from agentmesh_dagster.store.steps import read_states
from agentmesh_dagster.translator.dagster_internals import DagsterRunNotFoundError
from agentmesh_dagster.translator.dagster_runs import read_launch_facts
from agentmesh_dagster.translator.suspension import finish_launch

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
        self,
        job_def: dg.JobDefinition,
        execution_plan: Any,
        run_id: str,
        run_config: Any,
        tags: dict[str, str],
        parent_run_id: str | None = None,
        root_run_id: str | None = None,
        remote_job_origin: Any = None,
        **_more: Any,
    ) -> dg.DagsterRun:
        self._between()
        if run_id in self._kept:
            raise DagsterRunAlreadyExists(f"`{run_id}`")
        run = dg.DagsterRun(
            job_name=job_def.name,
            run_id=run_id,
            run_config=run_config,
            step_keys_to_execute=list(execution_plan.step_keys_to_execute),
            status=Status.NOT_STARTED,
            tags=tags,
            parent_run_id=parent_run_id,
            root_run_id=root_run_id,
            remote_job_origin=remote_job_origin,
        )
        self._kept[run_id] = _Kept(run, datetime.now(UTC), datetime.now(UTC))
        self._between()
        return run

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

    run_retries_enabled = False
    run_launcher = SimpleNamespace(terminate=lambda _launch_id: False)  # a worker may live on: it must be fenced off

    def get_records_for_run(self, run_id: str, of_type: dg.DagsterEventType, **_filters: Any) -> Any:
        """The run's failure, if it has one, as the record of a Dagster event."""
        failure = self._kept[run_id].failure
        event = dg.DagsterEvent(dg.DagsterEventType.RUN_FAILURE.value, "w", message=failure)
        record = SimpleNamespace(event_log_entry=SimpleNamespace(get_dagster_event=lambda: event))
        is_wanted = failure is not None and of_type is dg.DagsterEventType.RUN_FAILURE
        return SimpleNamespace(records=[record] if is_wanted else [])

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


@dataclass(eq=False)
class Worker:
    """A run worker: takes its launch up, then looks at one op at a time, in whatever order it is asked to."""

    services: Services
    instance: Any  # ShortMemory
    plan: Plan
    launch_id: str
    is_dead: bool = False
    is_over: bool = False
    _run_id: str = ""
    _ports: dict[str, set[str]] = field(default_factory=dict[str, set[str]])  # op → outputs that it yielded
    _failed: set[str] = field(default_factory=set[str])  # failed or abandoned ops
    _items: dict[str, int] = field(default_factory=dict[str, int])  # op of an `each` → its item count

    def take_up(self) -> None:
        """Starts on the launch, as its executor does."""
        run = self._run()
        if run is None:
            self.is_over = True
            return
        self.instance.report_started(self.launch_id)
        try:
            self._run_id = begin_launch(self.services, self.plan, read_launch_facts(self.plan, run, self.instance))
        except AgentMeshError as fault:
            self.end(Status.FAILURE, str(fault))

    def start_anew(self) -> "Worker":
        """Another worker on the same launch: it knows of the ops that this one has told Dagster about."""
        twin = Worker(self.services, self.instance, self.plan, self.launch_id)
        twin._ports, twin._failed, twin._items = dict(self._ports), set(self._failed), dict(self._items)
        twin.remember()
        return twin

    def list_ready(self) -> list[PlannedOp]:
        """The ops that Dagster would look at now; what it would skip or abandon is so already."""
        selected = self._selection()
        ready: list[PlannedOp] = []
        for op in self.plan.ops:
            if op.name not in selected or self._is_done(op.name):
                continue
            before = {port.source for port in op.inputs} & selected
            if not all(self._is_done(source) for source in before):
                continue
            if self._is_skipped(op, selected):
                self._ports[op.name] = set()
            elif before & self._failed:
                self._failed.add(op.name)
            else:
                ready.append(op)
        return ready

    def work(self, pick: int) -> bool:
        """Looks at one of the ops that are ready; False when none is, and the launch is over."""
        if self.is_dead or self.is_over:
            return False
        ready = self.list_ready()
        if not ready:
            self._finish()
            return False
        self._look(ready[pick % len(ready)])
        return True

    def _look(self, op: PlannedOp) -> None:
        try:
            if op.wiring is Wiring.COLLECT:
                self._ports[op.name] = self._collect(op)
            elif op.wiring is Wiring.REPEATED:
                # Dagster maps it over the items of its `each`; the items of one op one after another is such an order.
                for items in list_items((), self._items.get(self._fan_out_of(op), 0)):
                    self._run_step(op, items)
                self._ports[op.name] = {RESULT}
            else:
                self._ports[op.name] = self._list_yielded(op, self._run_step(op, ()))
        except AgentMeshError:  # StepFailed, or a Conflict that makes the op fail
            self._failed.add(op.name)

    def _run_step(self, op: PlannedOp, items: Items) -> StepReport:
        run = self._run()
        if run is not None:
            begin_launch(self.services, self.plan, read_launch_facts(self.plan, run, self.instance))
        step = self.plan.scopes.locate(op.node.id, items)
        return run_step(self.services, self.plan, StepTask(self._run_id, self.launch_id, op, step, True))

    def _list_yielded(self, op: PlannedOp, report: StepReport) -> set[str]:
        """The outputs that the op yields, as `translator/ops.py` has it."""
        if report.outcome is not Outcome.ENDED:
            return set()
        assert report.end is not None
        if op.wiring is Wiring.FAN_OUT:
            self._items[op.name] = report.end.item_count or 0
            return {ITEM}
        if op.wiring is Wiring.CONDITIONAL:
            return {op.outputs[edge_id] for edge_id in report.end.taken or ()}
        return {RESULT}

    def _collect(self, op: PlannedOp) -> set[str]:
        with self.services.store.read() as connection:
            state = read_states(connection, self._run_id, [op.node.id]).get(Address(op.node.id))
        return {RESULT} if state is not None and state.status is StepStatus.SUCCEEDED else set()

    def _fan_out_of(self, op: PlannedOp) -> str:
        return self.plan.by_node[op.each or ""].name

    def _is_done(self, name: str) -> bool:
        return name in self._ports or name in self._failed

    def _is_skipped(self, op: PlannedOp, selected: set[str]) -> bool:
        missing = [
            port
            for port in op.inputs
            if port.source in selected and port.source in self._ports and port.output not in self._ports[port.source]
        ]
        if op.wiring in (Wiring.REPEATED, Wiring.COLLECT):
            return bool(missing)  # named inputs: one that is missing is enough
        return bool(missing) and len(missing) == len(op.inputs)

    def _selection(self) -> set[str]:
        run = self._run()
        keys: Iterable[str] | None = run.step_keys_to_execute if run else None
        return {op.name for op in self.plan.ops} if keys is None else {key.partition("[")[0] for key in keys}

    def _run(self) -> dg.DagsterRun | None:
        return next(iter(self.instance.get_runs(dg.RunsFilter(run_ids=[self.launch_id]))), self._remembered)

    _remembered: dg.DagsterRun | None = None

    def remember(self) -> None:
        """A worker has its run in memory, also once Dagster has deleted it."""
        self._remembered = self._run()

    def _finish(self) -> None:
        """The end of the launch, as the executor of compiled jobs has it."""
        run = self._run()
        assert run is not None
        self.is_over = finish_launch(self.services, self.instance, run, has_failed=bool(self._failed))
        if not self.is_over:
            self.end(Status.FAILURE if self._failed else Status.SUCCESS, "Steps failed." if self._failed else None)

    def end(self, status: Status, failure: str | None = None) -> None:
        """Tells Dagster that the launch is over."""
        self.is_over = True
        run = self._run()
        assert run is not None
        if status is Status.FAILURE:
            self.instance.report_run_failed(run, failure)
        else:
            event = dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, run.job_name)
            self.instance.report_dagster_event(event, self.launch_id)
