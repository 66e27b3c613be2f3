"""Dagster's part, played fast: workers that look at one op after another, of an `each` at one item after another.

What an op does is done for real, on the real store; which rounds come next is asked of the executor's own code. The
order follows Dagster's rules: an op is looked at once all ops before it in the same launch are done, skipped when none
of its ports yielded, and abandoned behind a failure.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from agentmesh_dagster.control.children import follow_run, start_awaited
from agentmesh_dagster.entities.models import StepStatus
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.address import Item, Items
from agentmesh_dagster.graph.plan import ITEM, RESULT, Plan, PlannedOp, Port, Wiring
from agentmesh_dagster.runtime.begin import begin_launch
from agentmesh_dagster.runtime.selection import finish_selection
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.step import Outcome, StepReport, StepTask, run_step
from agentmesh_dagster.store.steps import read_states
from agentmesh_dagster.store.waits import WaitKind
from agentmesh_dagster.translator.dagster_runs import read_launch_facts
from agentmesh_dagster.translator.rounds import RoundsPlayed
from agentmesh_dagster.translator.suspension import finish_launch
from tests.gates.short_memory import Status

_Unit = tuple[str, Items]  # what Dagster calls a step: an op, below a fan-out for one of its items


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
    _ports: dict[_Unit, set[str]] = field(default_factory=dict[_Unit, set[str]])  # → outputs that it yielded
    _failed: set[_Unit] = field(default_factory=set[_Unit])  # failed or abandoned
    _items: dict[str, list[Items]] = field(default_factory=dict[str, list[Items]])  # op of an `each` → its items
    _part: set[str] = field(default_factory=set[str])  # names of the ops that are handed to it
    _has_failed: bool = False
    _parts: Iterator[list[str]] | None = None  # those that are handed to it next

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
        twin._part, twin._has_failed = set(self._part), self._has_failed
        twin.remember()
        return twin

    def list_ready(self) -> list[_Unit]:
        """What Dagster would look at now; what it would skip or abandon is so already."""
        ready: list[_Unit] = []
        for op in self.plan.ops:
            for unit in self._list_units(op) if op.name in self._part else ():
                before = {source: port for port in op.inputs for source in self._list_sources(port, unit)}
                if self._is_done(unit) or not all(map(self._is_done, before)):
                    continue
                if self._is_skipped(op, before):
                    self._ports[unit] = set()
                elif not self._failed.isdisjoint(before):
                    self._failed.add(unit)
                else:
                    ready.append(unit)
        return ready

    def work(self, pick: int) -> bool:
        """Looks at one of the ops that are ready; False when none is, and the launch is over."""
        if self.is_dead or self.is_over:
            return False
        ready = self.list_ready()
        while not ready and self._go_to_next_part():
            ready = self.list_ready()
        if not ready:
            self._finish()
            return False
        self._look(*ready[pick % len(ready)])
        return True

    def _go_to_next_part(self) -> bool:
        """As the executor of compiled jobs hands rounds over: each part is executed as if there were no other."""
        if self._parts is None:
            run = self._run()
            keys = run.step_keys_to_execute if run else None
            wanted = [op.name for op in self.plan.ops] if keys is None else [*keys]
            played = RoundsPlayed(self.plan, self.services, self._run_id, wanted)
            self._parts = played.list_parts() if self.plan.has_rounds else iter([wanted])
        part = next(self._parts, None)
        if part is None:
            return False
        self._part = {key.partition("[")[0] for key in part}
        self._ports, self._failed, self._items = {}, set(), {}
        return True

    def _look(self, name: str, items: Items) -> None:
        op = self.plan.by_name[name]
        try:
            yielded = self._collect(op) if op.wiring is Wiring.COLLECT else self._run_step(op, items)
            self._ports[name, items] = yielded
        except AgentMeshError:  # StepFailed, or a Conflict that makes the op fail
            self._failed.add((name, items))
            self._has_failed = True

    def _run_step(self, op: PlannedOp, items: Items) -> set[str]:
        run = self._run()
        if run is not None:
            begin_launch(self.services, self.plan, read_launch_facts(self.plan, run, self.instance))
        step = self.plan.scopes.locate(op.node.id, items)
        report = run_step(self.services, self.plan, StepTask(self._run_id, self.launch_id, op, step, True))
        if report.wait is not None and report.wait.kind is WaitKind.CHILD:
            with suppress(AgentMeshError, dg.DagsterError):
                start_awaited(self.services, self.instance, report.step_id)
        return self._list_yielded(op, report)

    def _list_yielded(self, op: PlannedOp, report: StepReport) -> set[str]:
        """The outputs that the op yields, as `translator/ops.py` has it."""
        if op.wiring is Wiring.REPEATED:
            return {RESULT}
        if report.outcome is not Outcome.ENDED:
            return set()
        assert report.end is not None
        if op.wiring is Wiring.FAN_OUT:
            self._items[op.name] = [(Item(index),) for index in report.items]
            return {ITEM}
        if op.wiring is Wiring.CONDITIONAL:
            return {op.outputs[edge_id] for edge_id in report.end.taken or ()}
        return set() if report.end.is_caught and not op.node.begins_call else {RESULT}

    def _collect(self, op: PlannedOp) -> set[str]:
        each = self.plan.scopes.locate(op.node.id)
        with self.services.store.read() as connection:
            state = read_states(connection, self._run_id, [each.node_id], [each.path]).get(each)
        return {RESULT} if state is not None and state.status is StepStatus.SUCCEEDED else set()

    def _list_units(self, op: PlannedOp) -> list[_Unit]:
        """What is executed of an op: one below a fan-out has a step for each item, once these are known."""
        if op.wiring is not Wiring.REPEATED:
            return [(op.name, ())]
        return [(op.name, items) for items in self._items.get(self.plan.by_node[op.each or ""].name, [()])]

    def _list_sources(self, port: Port, unit: _Unit) -> list[_Unit]:
        source = self.plan.by_name[port.source]
        if source.name not in self._part:
            return []
        if source.wiring is Wiring.REPEATED and self.plan.by_name[unit[0]].wiring is Wiring.REPEATED:
            return [(source.name, unit[1])]
        return self._list_units(source)

    def _is_done(self, unit: _Unit) -> bool:
        return unit in self._ports or unit in self._failed

    def _is_skipped(self, op: PlannedOp, before: Mapping[_Unit, Port]) -> bool:
        missing = {
            port for unit, port in before.items() if unit in self._ports and port.output not in self._ports[unit]
        }
        if op.wiring in (Wiring.REPEATED, Wiring.COLLECT):
            return bool(missing)  # named inputs: one that is missing is enough
        return bool(missing) and len(missing) == len(op.inputs)

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
        facts = read_launch_facts(self.plan, run, self.instance)
        unfinished = None if self._has_failed else finish_selection(self.services, self.plan, facts, self._run_id)
        self.is_over = finish_launch(
            self.services, self.instance, run, has_failed=self._has_failed, unfinished=unfinished
        )
        with suppress(AgentMeshError, dg.DagsterError):
            follow_run(self.services, self.instance, self._run_id)
        if not self.is_over:
            self.end(
                Status.FAILURE if self._has_failed else Status.SUCCESS, "Steps failed." if self._has_failed else None
            )

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
