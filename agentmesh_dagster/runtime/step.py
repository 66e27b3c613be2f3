"""A step: looked at when Dagster says so, executed if its way in is settled, its end written once."""

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.entities.json_values import JsonValue, as_object, check_json
from agentmesh_dagster.entities.models import EventType, StepStatus
from agentmesh_dagster.errors import AgentMeshError, FaultCode, read_code
from agentmesh_dagster.graph.address import Address, describe_address
from agentmesh_dagster.graph.plan import Plan, PlannedOp
from agentmesh_dagster.graph.progress import Progress, Readiness
from agentmesh_dagster.graph.routing import RoundsUsedUp, describe_used_up
from agentmesh_dagster.runtime.arrivals import end_if_arrived
from agentmesh_dagster.runtime.attempt import Attempt
from agentmesh_dagster.runtime.callbacks import NoPublicAddress, give_out_callbacks
from agentmesh_dagster.runtime.context import StepInput, read_sources, read_step_input
from agentmesh_dagster.runtime.endings import begin_wait, end_attempt
from agentmesh_dagster.runtime.journal import Journal
from agentmesh_dagster.runtime.launches import RunHasEnded
from agentmesh_dagster.runtime.lease import keep_lease
from agentmesh_dagster.runtime.nodes import run_node
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.spending import spend_in_run
from agentmesh_dagster.runtime.step_log import StepLog
from agentmesh_dagster.runtime.work import NodeError, Result, Work
from agentmesh_dagster.settings import link_run
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.events import Event, record_events
from agentmesh_dagster.store.journal import JournalEntry, add_entry, delete_entries, read_entries
from agentmesh_dagster.store.launches import find_launch
from agentmesh_dagster.store.runs import RunHead, lock_run
from agentmesh_dagster.store.steps import (
    Claim,
    LeaseLost,
    NewStep,
    StepEnd,
    check_claim,
    claim_step,
    read_end,
    read_states,
    renew_step,
    step_id,
)
from agentmesh_dagster.store.waits import Wait, WaitKind, find_wait, has_waited, list_taken_waits

_ERROR_CHARACTERS = 10_000


class StepFailed(AgentMeshError):
    """The step failed."""

    def __init__(self, detail: str, *, retryable: bool) -> None:
        self.retryable = retryable  # whether Dagster's retry policy, if any, may try again
        super().__init__(detail)

    def __str__(self) -> str:
        return self.detail


class Outcome(Enum):
    ENDED = auto()  # now, or in a launch before this one
    SKIPPED = auto()  # no in-edge was taken
    NOT_READY = auto()  # something before it has not ended, such as a gate
    WAITING = auto()


def _say_nothing(_line: str) -> None:
    """For steps that nobody listens to."""


@dataclass(frozen=True)
class StepTask:
    """One op of one launch, as Dagster hands it over."""

    run_id: str
    launch_id: str
    op: PlannedOp
    address: Address
    is_last_attempt: bool
    resources: Mapping[str, object] = field(default_factory=dict[str, object])  # of a host project
    say: Callable[[str], None] = _say_nothing  # a line in the step's log


@dataclass(frozen=True)
class StepReport:
    outcome: Outcome
    step_id: str
    end: StepEnd | None = None  # only when it ended
    input: JsonValue = None
    notes: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    wait: Wait | None = None  # while it waits
    items: Sequence[int] = ()  # of an `each`: those that this launch has something to do for


def run_step(services: Services, plan: Plan, task: StepTask) -> StepReport:
    """Executes a step if it is its turn, and reports what came of it.

    A step that has ended, in this launch or before, is reported and never executed again. Raises StepFailed once
    the failure is written down.
    """
    try:
        with services.store.begin() as tx:
            run = lock_run(tx, task.run_id)
            _check_launch(tx, task)
            states = read_sources(tx, plan, run.id, task.address)
            report = _look(tx, task, Progress(plan, states))
            if report is not None and report.outcome is Outcome.ENDED and task.op.node.is_each:
                return replace(report, items=_list_items_to_do(tx, plan, task))
            if report is not None:
                return report
            if run.status.is_end:
                raise RunHasEnded(f"`{run.id}` is {run.status.value}")
            step_input = read_step_input(tx, plan, run.id, task.address, states)
            callbacks = give_out_callbacks(tx, services.settings, plan, run.id, task.address)
            if callbacks:
                context = {**step_input.context, "callbacks": callbacks.addresses}
                step_input = replace(step_input, context=context, secrets=callbacks.secrets)
            claim = _claim(tx, services, run, task, step_input)
    except Exception as error:
        if isinstance(error, AgentMeshError) and not isinstance(error, NoPublicAddress):
            raise  # it is another's turn, or nobody's: nothing has become of the step
        if report := _fail_unclaimed(services, plan, task, error):
            return report
        raise StepFailed(_name_item(task, _describe_error(error)), retryable=False) from error
    crash_point(CrashPoint.STEP_CLAIMED)
    log = StepLog(task.say, link_run(services.settings, run.id) or f"agentmesh show {run.id} --events")
    return _Execution(services, plan, task, run, step_input, claim, log).run()


def _check_launch(tx: Connection, task: StepTask) -> None:
    """A worker whose launch was given up, because it was silent for too long, starts no more steps."""
    launch = find_launch(tx, task.launch_id)
    if launch is not None and launch.ended_at is not None:
        raise RunHasEnded(f"its launch `{task.launch_id}` was given up at {launch.ended_at.isoformat()}")


def _look(tx: Connection, task: StepTask, progress: Progress) -> StepReport | None:
    """The report of a step that is not to be executed now; None for one that is."""
    identity = step_id(task.run_id, task.address)
    state = progress.read_state(task.address)
    if state is not None and state.goes_on:
        return StepReport(Outcome.ENDED, identity, read_end(tx, identity))
    if state is not None and state.status is StepStatus.SKIPPED:
        return StepReport(Outcome.SKIPPED, identity)
    if state is not None and state.status.is_waiting:
        return StepReport(Outcome.WAITING, identity, wait=find_wait(tx, identity))
    if state is not None and state.status is StepStatus.FAILED and has_waited(tx, identity):
        # Rejected, or too late: it waits no second time, and Dagster is told what came of it.
        raise StepFailed(read_end(tx, identity).error or "Rejected.", retryable=False)
    if state is not None and state.status is StepStatus.CANCELED and has_waited(tx, identity):
        return StepReport(Outcome.NOT_READY, identity)  # given up, and not reopened since
    readiness = progress.read_readiness(task.address)
    if readiness is Readiness.RUNS:
        return None
    return StepReport(Outcome.NOT_READY if readiness is Readiness.WAITS else Outcome.SKIPPED, identity)


def _list_items_to_do(tx: Connection, plan: Plan, task: StepTask) -> list[int]:
    """The items of an `each` that has ended before, of which something can go on, or was refused since.

    A launch after an answer so costs what the items cost that can go on, not what all of them do.
    """
    states = read_states(tx, task.run_id)
    refused = [step for step in list_taken_waits(tx, task.launch_id) if states[step].has_failed]
    body = plan.scopes.by_head[task.op.node.id].body
    mine = {step.item for step in refused if plan.key_of(step) in body}
    active = Progress(plan, states).list_active_items(task.address)
    return sorted({*active, *(item for item in mine if item is not None)})


def _claim(tx: Connection, services: Services, run: RunHead, task: StepTask, step_input: StepInput) -> Claim:
    claim = claim_step(
        tx,
        run.id,
        NewStep(task.address, task.op.node.type, step_input.parent_step_ids),
        input=step_input.last_output,
        launch_id=task.launch_id,
        owner=f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}:{uuid.uuid4().hex[:8]}",
        lease_seconds=services.settings.lease_seconds,
    )
    started = Event(
        EventType.STEP_STARTED,
        describe_address(task.address) | {"attempt": claim.attempt, "launchId": task.launch_id},
        claim.step_id,
    )
    record_events(tx, project_id=run.project_id, run_id=run.id, recorded=[started])
    return claim


def _fail_unclaimed(services: Services, plan: Plan, task: StepTask, error: Exception) -> StepReport | None:
    """Writes down that a step could not even begin: an attempt without an input, which failed.

    The report of one whose fault was caught.
    """
    with services.store.begin() as tx:
        run = lock_run(tx, task.run_id)
        if run.status.is_end:
            return None
        claim = _claim(tx, services, run, task, StepInput(None, {}, []))
        failed = StepEnd(StepStatus.FAILED, error=_describe_error(error), code=read_code(error))
        end = end_attempt(tx, plan, run, task.address, claim, failed)
    return None if end.has_failed else StepReport(Outcome.ENDED, claim.step_id, end)


@dataclass(frozen=True)
class _Execution:
    """One attempt at a claimed step."""

    services: Services
    plan: Plan
    task: StepTask
    run_head: RunHead
    step_input: StepInput
    claim: Claim
    _log: StepLog

    def run(self) -> StepReport:
        try:
            result = self._execute()
            check_json(result.output)
        except LeaseLost:
            raise
        except Exception as error:
            # The one place where a step's failure is recorded, whatever it was.
            end = self._fail(error)
            if end.has_failed or end.status is StepStatus.PENDING:
                message = _name_item(self.task, end.error or _describe_error(error))
                raise StepFailed(message, retryable=_is_retryable(error)) from error
            return StepReport(Outcome.ENDED, self.claim.step_id, end, self.step_input.last_output)
        crash_point(CrashPoint.STEP_EXECUTED)
        report = self._finish(result)
        crash_point(CrashPoint.STEP_ENDED)
        return report

    def _execute(self) -> Result:
        settings = self.services.settings
        node = self.task.op.node
        own = None if node.waits else node.config.timeout_seconds  # of a wait it says how long that is
        seconds = own or settings.step_timeout_seconds
        whose = "this node's timeoutSeconds" if own else "AGENTMESH_STEP_TIMEOUT_SECONDS, or timeoutSeconds of the node"
        deadline = time.monotonic() + seconds
        work = Work(
            self.services,
            self.plan,
            self.task.op.node,
            self.step_input.last_output,
            self.step_input.context,
            self.claim.step_id,
            deadline,
            self._record,
            spend_in_run(self.services.store, self.plan, self.run_head, self.task.address),
            Journal(self._read_journal),
            self.task.resources,
            self._log.retry,
            self.step_input.faults,
        )
        attempt = Attempt(lambda: run_node(work), name=f"step-{self.task.op.name}")
        try:
            with keep_lease(self._renew, settings.lease_seconds, name=f"lease-{self.task.op.name}") as lease:
                return attempt.finish(deadline, lease.is_lost, limit=f"{seconds:g} s are over ({whose})")
        finally:
            self._log.close()

    def _renew(self) -> bool:
        with self.services.store.begin() as tx:
            return renew_step(tx, self.claim, self.services.settings.lease_seconds)

    def _record(
        self, event_type: EventType, payload: Mapping[str, JsonValue], kept: JournalEntry | None = None, /
    ) -> None:
        scrub = self.step_input.secrets.scrub_result
        payload = as_object(scrub(dict(payload)))
        with self.services.store.begin() as tx:
            lock_run(tx, self.claim.run_id)
            check_claim(tx, self.claim)
            self._record_in(tx, event_type, payload)
            if kept is not None and scrub(kept.value) == kept.value:  # what holds a secret is done anew instead
                add_entry(tx, self.claim.step_id, kept)
        self._log.add(event_type, payload)

    def _read_journal(self) -> Mapping[str, JsonValue]:
        if self.claim.attempt == 1:
            return {}
        with self.services.store.read() as connection:
            return read_entries(connection, self.claim.step_id)

    def _record_in(self, tx: Connection, event_type: EventType, payload: Mapping[str, JsonValue]) -> None:
        about = describe_address(self.task.address) | {"attempt": self.claim.attempt}
        event = Event(event_type, about | dict(payload), self.claim.step_id)
        record_events(tx, project_id=self.run_head.project_id, run_id=self.claim.run_id, recorded=[event])

    def _finish(self, result: Result) -> StepReport:
        if result.wait is not None:
            return self._wait(result)
        code = None if result.failure is None else FaultCode.ERROR
        if code is None and result.taken is None and (back := self.plan.find_dead_end(self.task.op.node.id)):
            used_up = RoundsUsedUp(describe_used_up(back))
            result, code = replace(result, failure=str(used_up)), used_up.code
        taken = None if result.taken is None else list(result.taken)
        status = StepStatus.SUCCEEDED if result.failure is None else StepStatus.FAILED
        end = self._end(StepEnd(status, result.output, result.failure, taken, result.item_count, code))
        if end.has_failed:
            raise StepFailed(_name_item(self.task, end.error or ""), retryable=False)
        items = range(result.item_count or 0)
        return StepReport(
            Outcome.ENDED, self.claim.step_id, end, self.step_input.last_output, result.notes, items=items
        )

    def _wait(self, result: Result) -> StepReport:
        assert result.wait is not None
        with self.services.store.begin() as tx:
            run = lock_run(tx, self.claim.run_id)
            is_waiting = begin_wait(
                tx, self.plan, run, self.task.address, self.claim, result.wait, self.step_input.secrets
            )
            wait = find_wait(tx, self.claim.step_id)
            end = self._end_if_arrived(tx, run, wait) if is_waiting else None
        if result.wait.child is not None:
            crash_point(CrashPoint.CHILD_AWAITED)
        report_input = self.step_input.last_output
        if not is_waiting:
            return StepReport(Outcome.NOT_READY, self.claim.step_id, None, report_input)
        if end is not None:
            return StepReport(Outcome.ENDED, self.claim.step_id, end, report_input, result.notes)
        return StepReport(Outcome.WAITING, self.claim.step_id, None, report_input, result.notes, wait)

    def _end_if_arrived(self, tx: Connection, run: RunHead, wait: Wait | None) -> StepEnd | None:
        """How the wait has ended if what it is for came before it began."""
        if wait is None or wait.kind not in (WaitKind.EVENT, WaitKind.CALLBACK):
            return None
        return end_if_arrived(tx, self.plan, run, self.task.address, wait, launch_id=self.task.launch_id)

    def _fail(self, error: Exception) -> StepEnd:
        tries_again = _is_retryable(error) and not self.task.is_last_attempt
        said = self.step_input.secrets.scrub_text(_describe_error(error))
        status = StepStatus.PENDING if tries_again else StepStatus.FAILED
        refuted = error.refuted if isinstance(error, NodeError) else None
        return self._end(StepEnd(status, error=said, code=read_code(error)), refuted)

    def _end(self, end: StepEnd, refuted: str | None = None) -> StepEnd:
        with self.services.store.begin() as tx:
            run = lock_run(tx, self.claim.run_id)
            end = end_attempt(tx, self.plan, run, self.task.address, self.claim, end)
            if refuted is not None:
                delete_entries(tx, self.claim.step_id, since=refuted)
            elif end.status is StepStatus.SUCCEEDED and self.task.op.node.spec.names == "agent":
                delete_entries(tx, self.claim.step_id)
            return end


def _describe_error(error: Exception) -> str:
    """The error in one text that every database can keep."""
    text = str(error) if isinstance(error, AgentMeshError) else f"{type(error).__name__}: {error}"
    return text[:_ERROR_CHARACTERS].replace("\x00", "\\u0000").encode("utf-8", "backslashreplace").decode()


def _name_item(task: StepTask, message: str) -> str:
    """For Dagster, whose error lists show no step key."""
    item = task.address.item
    return message if item is None else f"Item {item}: {message}"


def _is_retryable(error: Exception) -> bool:
    """Faults that the same input would bring again say so; all others may be tried again."""
    return getattr(error, "retryable", not isinstance(error, AgentMeshError))
