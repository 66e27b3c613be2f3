"""A world in which runs wait for people: everything that can happen to them, in any order, and what must hold then."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import dagster as dg
from sqlalchemy import Connection, select, update

from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.control.resume import submit_resume
from agentmesh_dagster.control.upkeep import keep_up
from agentmesh_dagster.entities.models import EventType, RunStatus, StepStatus, Workflow
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.runtime.answers import Answer, GateClosed, UnfitAnswer, answer_gate
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.runs import get_run
from agentmesh_dagster.store.tables import catalogue, gates, launches, metadata, runs, steps
from agentmesh_dagster.tools import tool
from tests.gates.driver import ShortMemory, Worker
from tests.gates.ledger import Ledger, Violation
from tests.gates.model import Given, Model, digest
from tests.shapes import function_tool, save

MOST_RUNS = 2
_LONG_AGO = timedelta(minutes=10)
_MOST_TICKS = 25


@dataclass(frozen=True)
class Call:
    """One call of the tool, as a witness outside of the system saw it."""

    key: str
    what: str
    saw: Any


CALLS: list[Call] = []


@tool
def keep_note(what: str, saw: Any, idempotency_key: str, fails: bool = False) -> Any:
    CALLS.append(Call(idempotency_key, what, saw))
    if fails:
        raise ValueError("this one always fails")
    return {"by": what, "saw": digest(saw)}


class Crash(BaseException):
    """The process that does something dies here."""


@dataclass(frozen=True)
class Deed:
    """Something that somebody does; `pick` chooses to what, `how` in which way."""

    name: str
    pick: int = 0
    how: str = ""


@dataclass(frozen=True)
class Trouble:
    """What happens in the middle of a deed, at the given one of its transactions and calls to Dagster.

    Without a `meanwhile` the process that does the deed dies there.
    """

    at: int
    meanwhile: Deed | None = None


class WatchedStore(Store):
    """The real store, that tells of each write transaction before and after."""

    between: Callable[[], None] = staticmethod(lambda: None)

    @contextmanager
    def begin(self) -> Generator[Connection]:
        self.between()
        with super().begin() as tx:
            yield tx
        self.between()


def empty_store(store: Store) -> None:
    """Removes every row."""
    with store.begin() as tx:
        for table in reversed(metadata.sorted_tables):
            tx.execute(table.delete())
        tx.execute(catalogue.insert().values(id=1, revision=0))


@dataclass
class _Fate:
    """What was done to a run from outside, which its end may show."""

    run_input: Any
    is_given_up: bool = False  # somebody canceled or deleted one of its launches in Dagster
    has_lost_worker: bool = False


class World:
    """The store, a Dagster with a short memory, the workers, and the people who answer."""

    def __init__(self, services: Services, flow: Workflow) -> None:
        assert isinstance(services.store, WatchedStore)
        CALLS.clear()
        self.services = services
        self.flow = flow
        self.instance: Any = ShortMemory(self._between)
        self.workers: list[Worker] = []
        self.fates: dict[str, _Fate] = {}
        self.unexpected: BaseException | None = None
        self._busy: list[Worker] = []
        self._trouble: Trouble | None = None
        self._countdown = 0
        self._numbers = iter(range(1, 10_000))
        save(services, function_tool("keep_note"), flow)
        services.store.between = self._between
        self.ledger = Ledger(services.store)

    def close(self) -> None:
        self.services.store.between = lambda: None  # type: ignore[attr-defined]

    # What happens

    def do(self, deed: Deed, trouble: Trouble | None = None) -> None:
        """Does the deed, with the trouble in the middle if it gets that far, and looks whether all is well."""
        self._trouble, self._countdown = trouble, trouble.at if trouble else 0
        try:
            getattr(self, f"_{deed.name}")(deed)
        except Crash:
            pass
        finally:
            self._trouble = None
        self.check()

    def _between(self) -> None:
        if self._trouble is None:
            return
        self._countdown -= 1
        if self._countdown > 0:
            return
        trouble, self._trouble = self._trouble, None
        if trouble.meanwhile is None:
            raise Crash
        try:
            getattr(self, f"_{trouble.meanwhile.name}")(trouble.meanwhile)
        except BaseException as error:  # noqa: BLE001 the deed around it must not take it for its own
            self.unexpected = self.unexpected or error

    def _launch(self, deed: Deed) -> None:
        if len(self.fates) >= MOST_RUNS:
            return
        run_input = {"f0": bool(deed.pick & 1), "f1": bool(deed.pick & 2)}
        try:
            launch = prepare_launch(self.services, self.instance, self.flow, run_input, launched_by="test")
            self.instance.submit_run(launch.launch_id, workspace=None)
        finally:
            self._find_runs(run_input)

    def _find_runs(self, run_input: Any) -> None:
        with self.services.store.read() as connection:
            for row in connection.execute(select(runs.c.id)):
                self.fates.setdefault(row.id, _Fate(run_input))

    def _answer(self, deed: Deed) -> None:
        chosen = self._pick(self._list_gates(), deed)
        if chosen is None:
            return
        number = next(self._numbers)
        outputs = {
            "approve": {"approved": True, "number": number},
            "reject": {"approved": False, "comment": f"no {number}"},
            "edit": {"payload": {"number": number}},
            "unfit": number,
        }
        answer = Answer(outputs[deed.how], by=f"person {number}", via="test")
        try:
            answer_gate(self.services, chosen, answer)
        except GateClosed as refusal:
            self.ledger.note_refused(chosen, answer, refusal)
        except UnfitAnswer:
            assert deed.how == "unfit"
        else:
            self.ledger.note_accepted(chosen, answer)

    def _answer_and_resume(self, deed: Deed) -> None:
        """As the API does: the answer, then at once the launch."""
        self._answer(deed)
        self._resume(deed)

    def _resume(self, deed: Deed) -> None:
        if (run_id := self._pick(list(self.fates), deed)) is not None:
            submit_resume(self.services, self.instance, run_id)

    def _tick(self, _deed: Deed) -> None:
        keep_up(self.services, self.instance)

    def _start(self, deed: Deed) -> None:
        """Dagster's daemon takes a launch off its queue, and a worker starts on it."""
        queued = self.instance.get_run_ids(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
        launch_id = self._pick(sorted(queued), deed)
        if launch_id is None:
            return
        run_id = self._run_of(launch_id)
        with self.services.store.read() as connection:
            revision = get_run(connection, run_id).revision
        worker = Worker(self.services, self.instance, load_plan(self.services.store, "w", revision), launch_id)
        worker.remember()
        self.workers.append(worker)
        self._let(worker, worker.take_up)

    def _work(self, deed: Deed) -> None:
        """A worker looks at its next op."""
        worker = self._pick(self._list_workers(), deed)
        if worker is not None:
            self._let(worker, lambda: worker.work(deed.pick))

    def _finish(self, deed: Deed) -> None:
        """A worker does all that it can do."""
        worker = self._pick(self._list_workers(), deed)
        if worker is not None:
            self._let(worker, lambda: _exhaust(worker, deed.pick))

    def _let(self, worker: Worker, act: Callable[[], object]) -> None:
        self._busy.append(worker)
        try:
            act()
        except Crash:
            worker.is_dead = True
            self.fates[self._run_of(worker.launch_id)].has_lost_worker = True
            raise
        finally:
            self._busy.remove(worker)

    def _cancel(self, deed: Deed) -> None:
        """Somebody cancels a launch in Dagster's UI; its worker is ended, unless `how` is `force`."""
        unended = [run for run in self.instance.get_runs() if not run.is_finished]
        run = self._pick(sorted(unended, key=lambda run: self._position(run.run_id)), deed)
        if run is None:
            return
        self.fates[self._run_of(run.run_id)].is_given_up = True
        for worker in self.workers:
            if worker.launch_id == run.run_id and worker not in self._busy and deed.how != "force":
                worker.is_dead = True
        self.instance.report_run_canceled(run)

    def _delete(self, deed: Deed) -> None:
        run = self._pick(sorted(self.instance.get_runs(), key=lambda run: self._position(run.run_id)), deed)
        if run is not None:
            self.fates[self._run_of(run.run_id)].is_given_up = True
            self.instance.delete_run(run.run_id)

    def _due(self, deed: Deed) -> None:
        """The deadline of a gate passes."""
        timed = select(gates.c.step_id).where(gates.c.deadline_at.is_not(None), gates.c.state == "open")
        with self.services.store.read() as connection:
            found = sorted(connection.execute(timed).scalars(), key=self._name_of_gate)
        step_id = self._pick(found, deed)
        if step_id is not None:
            self._write(gates, gates.c.step_id == step_id, lambda moment: {"deadline_at": moment - _LONG_AGO})

    def _stall(self, deed: Deed) -> None:
        """A worker stands still for longer than its lease, and does not know it."""
        worker = self._pick(self._list_workers(), deed)
        if worker is not None:
            self.fates[self._run_of(worker.launch_id)].has_lost_worker = True
            self._end_leases(worker.launch_id)

    def _time_passes(self, _deed: Deed) -> None:
        """Ten minutes: the leases of the dead are over, and what nobody took up has become old."""
        for worker in self.workers:
            if worker.is_dead:
                self._end_leases(worker.launch_id)
        self._write(
            launches,
            launches.c.lease_expires_at.is_(None) & launches.c.ended_at.is_(None),
            lambda moment: {"created_at": moment - _LONG_AGO},
        )

    def _end_leases(self, launch_id: str) -> None:
        for table in (launches, steps):
            held = (table.c.launch_id == launch_id) & table.c.lease_expires_at.is_not(None)
            self._write(table, held, lambda moment: {"lease_expires_at": moment - _LONG_AGO})

    def _write(self, table: Any, condition: Any, values: Callable[[Any], dict[str, Any]]) -> None:
        with Store.begin(self.services.store) as tx:
            tx.execute(update(table).where(condition).values(values(now(tx))))

    # Who and what there is

    @staticmethod
    def _pick(things: list[Any], deed: Deed) -> Any:
        return things[deed.pick % len(things)] if things else None

    def _list_workers(self) -> list[Worker]:
        return [worker for worker in self.workers if not worker.is_dead and not worker.is_over and worker not in self._busy]

    def _list_gates(self) -> list[str]:
        with self.services.store.read() as connection:
            return sorted(connection.execute(select(gates.c.step_id)).scalars(), key=self._name_of_gate)

    def _name_of_gate(self, step_id: str) -> tuple[int, str]:
        """Ids are random: what is drawn must mean the same gate each time that the example is played."""
        return self.ledger.name_of(step_id, list(self.fates))

    def _position(self, launch_id: str) -> tuple[int, int]:
        with self.services.store.read() as connection:
            row = connection.execute(select(launches).where(launches.c.launch_id == launch_id)).one()
        return list(self.fates).index(row.run_id), row.position

    def _run_of(self, launch_id: str) -> str:
        with self.services.store.read() as connection:
            return connection.execute(select(launches.c.run_id).where(launches.c.launch_id == launch_id)).scalar_one()

    # What must hold

    def check(self) -> None:
        """What holds at every moment; raises Violation."""
        if self.unexpected is not None:
            raise self.unexpected
        self.ledger.check()
        self._check_calls()

    def _check_calls(self) -> None:
        seen: set[str] = set()
        for call in CALLS:
            if call.key in seen:
                raise Violation(f"`{call.what}` was called twice")
            seen.add(call.key)

    def heal(self) -> None:
        """No more faults: time passes, the sensor ticks and Dagster works until nothing changes any more."""
        before = None
        for _ in range(_MOST_TICKS):
            self._time_passes(Deed("time_passes"))
            self._tick(Deed("tick"))
            while self.instance.get_run_ids(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])):
                self._start(Deed("start"))
            for worker in self._list_workers():
                self._let(worker, lambda worker=worker: _exhaust(worker, 0))
            self.check()
            if (after := self.ledger.snapshot()) == before:
                break
            before = after
        else:
            raise Violation("it does not come to rest")
        for run_id in self.fates:
            self._check_rest(run_id)

    def end_all(self) -> None:
        """Heals, answers whatever still waits, and so on until every run has ended."""
        self.heal()
        while waiting := self.ledger.list_open():
            for _ in waiting:
                self._answer_and_resume(Deed("answer_and_resume", self._list_gates().index(waiting[0]), "approve"))
                waiting = self.ledger.list_open() or [""]
                if waiting == [""]:
                    break
            self.heal()

    def _check_rest(self, run_id: str) -> None:
        run, found = self.ledger.read_run(run_id), self.ledger.read_steps(run_id)
        fate = self.fates[run_id]
        if run.status is RunStatus.CANCELED:
            if not fate.is_given_up:
                raise Violation("the run is canceled, and nobody did that")
            self._check_dagster(run_id)
            return
        never_began = not found
        if never_began and run.status is RunStatus.FAILED:
            return  # its launcher died before Dagster had it
        lost = {step.node_id for step in found.values() if step.error in LOST}
        model = Model(self.flow, fate.run_input, self.ledger.read_given(run_id), lost)
        self._check_steps(run_id, model)
        if run.status is not model.status:
            if fate.has_lost_worker and run.status is RunStatus.FAILED:
                return
            raise Violation(f"the run is {run.status.value} ({run.error}), and should be {model.status.value}")
        if run.status is RunStatus.SUCCEEDED and run.output != model.output:
            raise Violation(f"the run's output is {run.output}, and should be {model.output}")
        self._check_dagster(run_id)
        if not fate.has_lost_worker:
            self._check_completeness(run_id, model)

    def _check_steps(self, run_id: str, model: Model) -> None:
        """What there is of steps is what the answers imply."""
        words = {"done": "succeeded", "asked": "waiting_human"}
        for step in self.ledger.read_steps(run_id).values():
            end = model.ends[step.node_id]
            if step.status.value != words.get(end.state, end.state):
                raise Violation(f"`{step.node_id}` is {step.status.value}, and should be {end.state}")
            if step.status is StepStatus.SUCCEEDED and step.output != end.output:
                raise Violation(f"`{step.node_id}` gave {step.output}, and should give {end.output}")
            if step.status is not StepStatus.SKIPPED and step.input != end.saw:
                raise Violation(f"`{step.node_id}` saw {step.input}, and should see {end.saw}")

    def _check_completeness(self, run_id: str, model: Model) -> None:
        there = set(self.ledger.read_steps(run_id))
        wanted = {node_id for node_id, end in model.ends.items() if end.state != "blocked"}
        if there != wanted:
            raise Violation(f"steps are missing: {sorted(wanted - there)}; too many: {sorted(there - wanted)}")
        called = sorted(call.what for call in CALLS if call.key in self.ledger.step_ids(run_id))
        types = {node.id: node.type for node in self.flow.graph.nodes}
        expected = sorted(
            node_id
            for node_id, end in model.ends.items()
            if types[node_id] == "tool" and end.state in ("done", "failed")
        )
        if called != expected:
            raise Violation(f"called were {called}, and should be {expected}")

    def _check_dagster(self, run_id: str) -> None:
        """Dagster and the store agree."""
        run = self.ledger.read_run(run_id)
        for launch in self.ledger.list_launches(run_id):
            dagster_run = self.instance.get_run_by_id(launch.id)
            if dagster_run is None:
                continue
            if launch.ended_at is not None and not dagster_run.is_finished:
                raise Violation(f"launch {launch.position} has ended, and Dagster says {dagster_run.status.value}")
            if launch.ended_at is None and not (
                run.status is RunStatus.RUNNING and dagster_run.status is dg.DagsterRunStatus.SUSPENDED
            ):
                raise Violation(
                    f"launch {launch.position} of a run that is {run.status.value} stands open,"
                    f" and Dagster says {dagster_run.status.value}"
                )


LOST = (
    "The worker died: it has not been heard of since its lease ended.",
    "Its launch ended without it.",
)


def _exhaust(worker: Worker, pick: int) -> None:
    while worker.work(pick):
        pass
