"""A system in which runs wait for people: everything that can happen to them, in any order, and what must hold then."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import dagster as dg
from sqlalchemy import case, select, update

from agentmesh_dagster.control.cancel import RunIsOver as NothingToCancel
from agentmesh_dagster.control.cancel import cancel_run
from agentmesh_dagster.control.children import do_all_in_silence, tend_children
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.control.resume import submit_prepared, submit_resume
from agentmesh_dagster.control.retry import NothingToRetry, retry_run
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.answers import Answer, GateClosed, UnfitAnswer, answer_gate
from agentmesh_dagster.runtime.arrivals import RunIsOver, look_for_event, receive_callback
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.awaited_events import list_waits_to_look
from agentmesh_dagster.store.callbacks import CallbackUsed, give_out
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.steps import step_id
from agentmesh_dagster.store.tables import launches, runs, steps, waits
from agentmesh_dagster.store.triggers import receive_event
from tests.gates.actions import Action, Crash, Trouble
from tests.gates.driver import Worker
from tests.gates.graphs import NEWS, Drawn
from tests.gates.journal import Journal, Snapshot, Violation, read_snapshots
from tests.gates.model import Model
from tests.gates.nodes import Where
from tests.gates.outcomes import Interference, check_turns, flow_of
from tests.gates.recorder import CALLS
from tests.gates.short_memory import ShortMemory
from tests.gates.watched_store import WatchedStore
from tests.shapes import function_tool, save
from tests.store.gate_rows import select_gates

MOST_RUNS = 2
_LONG_AGO = timedelta(minutes=10)


class System:
    """The store, a Dagster with a short memory, the workers, and the people who answer."""

    def __init__(self, services: Services, drawn: Drawn, *, without: Collection[str] = ()) -> None:
        """`without` names actions that nobody does here; `daemon` among them: nobody takes launches off the queue at
        once, so that no worker puts others there.
        """
        assert isinstance(services.store, WatchedStore)
        CALLS.clear()
        self.services = services
        self.drawn = drawn
        self._without = without
        self.instance: Any = ShortMemory(self._between)
        self.instance.has_daemon = "daemon" not in without
        self.workers: list[Worker] = []
        self.interferences: dict[str, Interference] = {}
        self.parents: dict[str, str | None] = {}  # by run, children too
        self.unexpected: BaseException | None = None
        self.troubles_came = 0  # in the latest action
        self._plans: dict[tuple[str, int], Plan] = {}
        self._busy: list[Worker] = []
        self._launched = 0
        self._newest_input: Any = None
        self._trouble: Trouble | None = None
        self._countdown = 0
        self._numbers = iter(range(1, 10_000))
        save(services, function_tool("keep_note"), *drawn.called, drawn.flow)
        services.store.between = self._between
        self.journal = Journal()

    def close(self) -> None:
        self.services.store.between = lambda: None  # type: ignore[attr-defined]

    # What happens

    def do(self, action: Action, trouble: Trouble | None = None) -> None:
        """Does the action, with the trouble in the middle if it gets that far, and looks whether all is well."""
        self.troubles_came = 0
        self._act_in_trouble(action, trouble)
        self.check()

    def _act_in_trouble(self, action: Action, trouble: Trouble | None) -> None:
        self._trouble, self._countdown = trouble, trouble.at if trouble else 0
        try:
            self.act(action)
        except Crash:
            pass
        finally:
            self._trouble = None

    def act(self, action: Action) -> None:
        """Does the action, and looks at nothing."""
        self._find_runs()  # this may happen in the middle of a launch
        if action.name not in self._without:
            getattr(self, f"_{action.name}")(action)

    def _between(self) -> None:
        if self._trouble is None:
            return
        self._countdown -= 1
        if self._countdown > 0 or (self._trouble.meanwhile is not None and self.services.store.is_locked):  # type: ignore[attr-defined]
            return
        trouble, self._trouble = self._trouble, None
        self.troubles_came += 1
        if trouble.meanwhile is None:
            raise Crash
        try:
            self._act_in_trouble(trouble.meanwhile, trouble.then)
        except BaseException as error:  # noqa: BLE001 the action around it must not take it for its own
            self.unexpected = self.unexpected or error

    def _launch(self, action: Action) -> None:
        if self._launched >= MOST_RUNS:
            return
        self._launched += 1
        self._newest_input = {"f0": bool(action.pick & 1), "f1": bool(action.pick & 2)}
        try:
            launch = prepare_launch(
                self.services, self.instance, self.drawn.flow, self._newest_input, launched_by="test"
            )
            self.instance.submit_run(launch.launch_id, workspace=None)
        except dg.DagsterInvariantViolationError:
            self._check_given_up()
        finally:
            self._find_runs()

    def _find_runs(self) -> None:
        """Those that are new, in an order that is the same each time that the example is played: ids are random."""
        of_step = select(
            runs.c.id, runs.c.parent_run_id, runs.c.input, runs.c.created_at, steps.c.node_id, steps.c.path
        )
        of_step = of_step.outerjoin(steps, steps.c.id == runs.c.parent_step_id)
        with self.services.store.read() as connection:
            found = [row for row in connection.execute(of_step) if row.id not in self.interferences]
        while found:
            order = {None: -1, **{run_id: place for place, run_id in enumerate(self.interferences)}}
            known = [row for row in found if row.parent_run_id in order]
            next_one = min(known, key=lambda row: (order[row.parent_run_id], row.node_id, row.path, row.created_at))
            found.remove(next_one)
            self.parents[next_one.id] = next_one.parent_run_id
            self.interferences[next_one.id] = Interference(next_one.input)

    def _answer(self, action: Action) -> None:
        chosen = self._pick(self.list_gates(), action)
        if chosen is None:
            return
        number = next(self._numbers)
        outputs = {
            "approve": {"approved": True, "number": number},
            "reject": {"approved": False, "comment": f"no {number}"},
            "edit": {"payload": {"number": number}},
            "unfit": number,
        }
        answer = Answer(outputs[action.how], by=f"person {number}", via="test")
        try:
            answer_gate(self.services, chosen, answer)
        except GateClosed as refusal:
            self.journal.note_refused(answer, refusal)
        except UnfitAnswer:
            self._check_unfit(chosen, answer.output)
        else:
            self.journal.note_accepted(chosen, answer)

    def _check_unfit(self, step_id: str, output: Any) -> None:
        """An answer is refused, and its gate stays as it was, only if it is no object or no edge can use it."""
        [(where, snapshot)] = [
            (where, snapshot)
            for snapshot in read_snapshots(self.services.store).values()
            for where, step in snapshot.steps.items()
            if step.id == step_id
        ]
        if isinstance(output, dict) and self.build_model(snapshot, ()).can_use(where, output):
            raise Violation(f"{where} did not take {output}")

    def build_model(self, snapshot: Snapshot, lost: Collection[Where]) -> Model:
        """What a run should come to by now."""
        run_input = self.interferences[snapshot.run.id].run_input
        return Model(flow_of(self.drawn, snapshot), run_input, snapshot.given, lost, self.drawn.flows)

    def _answer_and_resume(self, action: Action) -> None:
        """As the API does: the answer, then at once the launch."""
        self._answer(action)
        self._resume(action)

    def _post(self, action: Action) -> None:
        """Somebody posts the event, and with `how` the server looks at once who waits for it."""
        number = next(self._numbers)
        with self.services.store.begin() as tx:
            receive_event(tx, NEWS, str(number), {"number": number}, by="test")
        if action.how:
            with self.services.store.read() as connection:
                found = list_waits_to_look(connection, NEWS)
            for wait in sorted(found, key=lambda wait: list(self.interferences).index(wait.run_id)):
                look_for_event(self.services, wait)

    def _call_back(self, action: Action) -> None:
        """A service posts to a callback, whether the wait is reached or not."""
        chosen = self._pick(self._list_callbacks(), action)
        if chosen is None:
            return
        (run_id, identity), body = chosen, dict[str, JsonValue](called=next(self._numbers))
        with Store.begin(self.services.store) as tx:
            token = give_out(tx, run_id, identity)
        try:
            receive_callback(self.services, token, body)
        except (CallbackUsed, RunIsOver):
            return
        self.journal.note_called_back(identity, body)

    def count_callbacks(self) -> int:
        """How many there are to be called back by now."""
        return len(self._list_callbacks())

    def _list_callbacks(self) -> list[tuple[str, str]]:
        """Run and step of each wait for a callback: of those that may come, those outside of all that is repeated."""
        names = [node.id for node in self.drawn.flow.graph.nodes if node.config.get("callback")]
        launched = [run_id for run_id, parent in self.parents.items() if parent is None]
        ahead = [(run_id, step_id(run_id, Address(name))) for run_id in launched for name in names]
        waiting = self._list_waits(lambda wait: wait.kind == "callback")
        return list(dict.fromkeys([*ahead, *((wait.run_id, wait.step_id) for wait in waiting)]))

    def _resume(self, action: Action) -> None:
        if (run_id := self._pick(list(self.interferences), action)) is not None:
            try:
                submit_resume(self.services, self.instance, run_id)
            except dg.DagsterInvariantViolationError:
                self._check_given_up()

    def _retry(self, action: Action) -> None:
        """Somebody continues a run from where it failed, as the API does."""
        run_id = self._pick(list(self.interferences), action)
        if run_id is None:
            return
        self.interferences[run_id].retries += 1
        try:
            launch = retry_run(self.services, self.instance, run_id, by="test")
            submit_prepared(self.instance, launch.launch_id)
        except NothingToRetry as refusal:
            self._check_not_failed(run_id, refusal)
        except dg.DagsterInvariantViolationError:
            self._check_given_up()

    def _check_not_failed(self, run_id: str, refusal: NothingToRetry) -> None:
        """A refusal says how the run stood; a run that has failed is refused only while a launch of it is queued."""
        if refusal.status is RunStatus.FAILED:
            raise Violation(f"`{run_id}` was not continued: {refusal}")

    def _tend(self, _action: Action) -> None:
        """The web server looks after the children, and goes on with whom that lets go on."""
        for run_id in tend_children(self.services, self.instance, do_all_in_silence).run_ids:
            with suppress(AgentMeshError, dg.DagsterError):
                submit_resume(self.services, self.instance, run_id)

    def _cancel_run(self, action: Action) -> None:
        """Somebody cancels a run, as the API does: a child, or one with its children."""
        run_id = self._pick(list(self.interferences), action)
        if run_id is None:
            return
        self.interferences[run_id].is_given_up = True
        with suppress(NothingToCancel):
            cancel_run(self.services, self.instance, run_id, by="test")

    def _tick(self, _action: Action) -> None:
        if run_maintenance(self.services, self.instance).faults:
            self._check_given_up()

    def _check_given_up(self) -> None:
        """Dagster refuses to queue a run only if somebody has just deleted it."""
        if not any(interference.is_given_up for interference in self.interferences.values()):
            raise Violation("Dagster was asked for what it does not do")

    def _start(self, action: Action) -> None:
        """Dagster's daemon takes a launch off its queue, and a worker starts on it."""
        queued = self.instance.get_run_ids(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
        launch_id = self._pick(sorted(queued, key=self._position), action)
        if launch_id is None:
            return
        self.instance.take_off_queue(launch_id)
        worker = Worker(self.services, self.instance, self._load_plan(launch_id), launch_id)
        worker.remember()
        self.workers.append(worker)
        self._let(worker, worker.take_up)

    def _load_plan(self, launch_id: str) -> Plan:
        # Nobody edits the workflows here, and to load a plan takes longer than to look at an op.
        with self.services.store.read() as connection:
            of_run = select(runs.c.workflow_id, runs.c.revision).join(launches, launches.c.run_id == runs.c.id)
            found = connection.execute(of_run.where(launches.c.launch_id == launch_id)).one()
        known = (found.workflow_id, found.revision)
        if known not in self._plans:
            self._plans[known] = load_plan(self.services.store, *known)
        return self._plans[known]

    def _work(self, action: Action) -> None:
        """A worker looks at its next op."""
        worker = self._pick(self._list_workers(), action)
        if worker is not None:
            self._let(worker, lambda: worker.work(action.pick))

    def _finish(self, action: Action) -> None:
        """A worker does all that it can do; with none at work, Dagster starts one first."""
        if not self._list_workers():
            self._start(action)
        worker = self._pick(self._list_workers(), action)
        if worker is not None:
            self._let(worker, lambda: _exhaust(worker, action.pick))

    def _let(self, worker: Worker, act: Callable[[], object]) -> None:
        self._busy.append(worker)
        try:
            act()
        except Crash:
            worker.is_dead = True
            self.interferences[self._run_of(worker.launch_id)].has_lost_worker = True
            raise
        finally:
            self._busy.remove(worker)

    def _cancel(self, action: Action) -> None:
        """Somebody cancels a launch in Dagster's UI; its worker is ended, unless `how` is `force`."""
        run = self._pick(self._list_dagster_runs(also_finished=False), action)
        if run is None:
            return
        self.interferences[self._run_of(run.run_id)].is_given_up = True
        for worker in self.workers:
            if worker.launch_id == run.run_id and worker not in self._busy and action.how != "force":
                worker.is_dead = True
        self.instance.report_run_canceled(run)

    def _delete(self, action: Action) -> None:
        run = self._pick(self._list_dagster_runs(also_finished=True), action)
        if run is not None:
            self.interferences[self._run_of(run.run_id)].is_given_up = True
            self.instance.delete_run(run.run_id)

    def _due(self, action: Action) -> None:
        """The deadline of a gate passes, or the time of what else waits."""
        timed = self.list_gates(lambda gate: gate.state == "open" and gate.deadline_at)
        timed += self.list_waits(lambda wait: wait.due_at is not None)
        chosen = self._pick(timed, action)
        if chosen is not None:
            self._write(waits, waits.c.step_id == chosen, lambda moment: {"due_at": moment - _LONG_AGO})

    def _stall(self, action: Action) -> None:
        """A worker stands still for longer than its lease, and does not know it."""
        worker = self._pick(self._list_workers(), action)
        if worker is not None:
            self.interferences[self._run_of(worker.launch_id)].has_lost_worker = True
            self._end_leases(worker.launch_id)

    def _twin(self, action: Action) -> None:
        """A worker stands still for so long that Dagster starts another on its launch; by `force` that does it all."""
        worker = self._pick([w for w in self.workers if not w.is_dead and not w.is_over], action)
        if worker is None:
            return
        interference = self.interferences[self._run_of(worker.launch_id)]
        interference.has_lost_worker = True
        interference.twins += 1
        self._end_leases(worker.launch_id)
        twin = worker.start_anew()
        self.workers.append(twin)
        self._let(twin, twin.take_up)
        if action.how == "force":
            self._let(twin, lambda: _exhaust(twin, action.pick))

    def _time_passes(self, _action: Action) -> None:
        """Ten minutes: the leases of the dead are over, and what nobody took up has become old."""
        for worker in self.workers:
            if worker.is_dead:
                self._end_leases(worker.launch_id)
                self.instance.fail_unstarted(worker.launch_id)
        self._let_dagster_age()
        self._write(
            launches,
            launches.c.lease_expires_at.is_(None) & launches.c.ended_at.is_(None),
            lambda moment: {
                "created_at": moment - _LONG_AGO,
                "submitted_at": case((launches.c.submitted_at.is_not(None), moment - _LONG_AGO)),
            },
        )
        self._write(launches, launches.c.ended_at.is_not(None), lambda moment: {"ended_at": moment - _LONG_AGO})

    def _let_dagster_age(self) -> None:
        self.instance.let_time_pass(_LONG_AGO)

    def _end_leases(self, launch_id: str) -> None:
        for table in (launches, steps):
            held = (table.c.launch_id == launch_id) & table.c.lease_expires_at.is_not(None)
            self._write(table, held, lambda moment: {"lease_expires_at": moment - _LONG_AGO})

    def _write(self, table: Any, condition: Any, values: Callable[[Any], dict[str, Any]]) -> None:
        with Store.begin(self.services.store) as tx:
            tx.execute(update(table).where(condition).values(values(now(tx))))

    # Who and what there is

    @staticmethod
    def _pick(things: Sequence[Any], action: Action) -> Any:
        return things[action.pick % len(things)] if things else None

    def has_work(self) -> bool:
        """Whether a worker is at work, or a launch stands in the queue."""
        queued = dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])
        return bool(self._list_workers() or self.instance.get_run_ids(queued))

    def _list_workers(self) -> list[Worker]:
        return [w for w in self.workers if not w.is_dead and not w.is_over and w not in self._busy]

    def list_gates(self, is_meant: Callable[[Any], object] = lambda _gate: True) -> list[str]:
        """Step ids, in an order that is the same each time that the example is played: ids are random."""
        with self.services.store.read() as connection:
            found = [row for row in connection.execute(select_gates()) if is_meant(row)]
        order = list(self.interferences)
        return [row.step_id for row in sorted(found, key=lambda row: (order.index(row.run_id), row.node_id, row.path))]

    def list_waits(self, is_meant: Callable[[Any], object] = lambda _wait: True) -> list[str]:
        """Step ids of what waits for anything but a person, in an order as above."""
        return [wait.step_id for wait in self._list_waits(is_meant)]

    def _list_waits(self, is_meant: Callable[[Any], object]) -> list[Any]:
        of_step = select(waits, steps.c.node_id, steps.c.path).join(steps, steps.c.id == waits.c.step_id)
        is_open = (waits.c.kind != "person") & (waits.c.state == "open")
        with self.services.store.read() as connection:
            found = [row for row in connection.execute(of_step.where(is_open)) if is_meant(row)]
        order = list(self.interferences)
        return sorted(found, key=lambda row: (order.index(row.run_id), row.node_id, row.path))

    def _list_dagster_runs(self, *, also_finished: bool) -> list[dg.DagsterRun]:
        found = [run for run in self.instance.get_runs() if also_finished or not run.is_finished]
        return sorted(found, key=lambda run: self._position(run.run_id))

    def _position(self, launch_id: str) -> tuple[int, int]:
        with self.services.store.read() as connection:
            row = connection.execute(select(launches).where(launches.c.launch_id == launch_id)).one()
        return list(self.interferences).index(row.run_id), row.position

    def _run_of(self, launch_id: str) -> str:
        with self.services.store.read() as connection:
            return connection.execute(select(launches.c.run_id).where(launches.c.launch_id == launch_id)).scalar_one()

    def _revision_of(self, launch_id: str) -> int:
        with self.services.store.read() as connection:
            return connection.execute(select(launches.c.revision).where(launches.c.launch_id == launch_id)).scalar_one()

    # What must hold

    def check(self) -> dict[str, Snapshot]:
        """What holds at every moment; raises Violation."""
        if self.unexpected is not None:
            raise self.unexpected
        snapshots = read_snapshots(self.services.store)
        for snapshot in snapshots.values():
            self.journal.check(snapshot)
            check_turns(self.drawn, snapshot)
        most = {
            step.id: 1 + self.interferences[run_id].twins + self._count_retries(run_id)
            for run_id, snapshot in snapshots.items()
            for step in snapshot.steps.values()
        }
        if any(times > most.get(key, 0) for key, times in Counter(call.key for call in CALLS).items()):
            raise Violation(f"a step called twice: {CALLS}")
        return snapshots

    def _count_retries(self, run_id: str | None) -> int:
        """A retry goes on with the children, too."""
        return self.interferences[run_id].retries + self._count_retries(self.parents[run_id]) if run_id else 0


def _exhaust(worker: Worker, pick: int) -> None:
    while worker.work(pick):
        pass
