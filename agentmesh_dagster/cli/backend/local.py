"""The store and the Dagster instance of this installation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from rich.console import Console

from agentmesh_dagster.cli.backend import NotRetried, SavedLine, TooLate, WorkflowLine
from agentmesh_dagster.cli.backend.lookup import find_gate, find_run, find_workflow
from agentmesh_dagster.cli.identity import name_user
from agentmesh_dagster.cli.output.reports import RunReport
from agentmesh_dagster.entities.decisions import Decision
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import CatalogueEntity, EventLog, Kind, Run, RunStatus, Workflow
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.runtime.pins import pin_functions
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.shown_gates import show_gates
from agentmesh_dagster.store.catalogue import list_all, list_job_names, list_job_problems, save_checked
from agentmesh_dagster.store.decisions import DecisionFilter, iterate_decisions
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.gates import list_open_gates
from agentmesh_dagster.store.runs import get_run, list_runs, list_unsettled_run_ids
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.wire import Gate, NewFork, NewRun

_EVENTS_AT_ONCE = 1_000


@dataclass(frozen=True)
class LocalBackend:
    """What commands ask for, done in this process."""

    services: Services

    def list_entities(self, kind: Kind) -> tuple[list[CatalogueEntity], Sequence[AgentMeshError]]:
        return list_all(self.services.store, kind)

    def find_workflow(self, id_or_name: str) -> Workflow:
        """Raises EntityNotFound, AmbiguousName, BrokenDocument."""
        return find_workflow(self.services.store, id_or_name)

    def list_workflows(self) -> tuple[list[WorkflowLine], Sequence[AgentMeshError]]:
        _settle_runs(self.services)
        found, faults = self.list_entities(Kind.WORKFLOW)
        jobs = {workflow_id: job_name for job_name, workflow_id in list_job_names(self.services.store).items()}
        workflows = cast("list[Workflow]", found)
        problems = list_job_problems(self.services.store)
        lines = [
            WorkflowLine(workflow, jobs.get(workflow.id), self._find_last_run(workflow.id), problems.get(workflow.id))
            for workflow in workflows
        ]
        return lines, faults

    def _find_last_run(self, workflow_id: str) -> Run | None:
        with self.services.store.read() as connection:
            return next(iter(list_runs(connection, workflow_id=workflow_id, limit=1)), None)

    def save(self, entities: Sequence[CatalogueEntity]) -> list[SavedLine]:
        """Raises as `save_checked` does."""
        pinned = pin_functions(self.services, entities)
        saved = save_checked(self.services.store, pinned, author=name_user(), via="cli")
        return [SavedLine(new.change, new.kind, new.id, new.entity.name, new.revision) for new in saved]

    def list_runs(
        self,
        *,
        workflow_id: str | None,
        status: RunStatus | None,
        waiting: bool,
        has_failed: bool,
        has_caught: bool,
        parent: str | None,
        asset: str | None,
        partition: str | None,
        limit: int,
    ) -> list[Run]:
        _settle_runs(self.services)
        statuses = [status] if status else []
        parent_run_id = find_run(self.services.store, parent) if parent else None
        with self.services.store.read() as connection:
            return list_runs(
                connection,
                workflow_id=workflow_id,
                statuses=statuses,
                waiting=waiting,
                has_failed=has_failed,
                has_caught=has_caught,
                parent_run_id=parent_run_id,
                asset=asset,
                partition=partition,
                limit=limit,
            )

    def read_run(self, id_prefix: str) -> RunReport:
        """Raises RunNotFound, AmbiguousRun."""
        run_id = find_run(self.services.store, id_prefix)
        _settle_runs(self.services, run_id)
        return self._report(run_id)

    def _report(self, run_id: str, *, interrupted: bool = False, is_active: bool = False) -> RunReport:
        with self.services.store.read() as connection:
            run, steps = get_run(connection, run_id), list_steps(connection, run_id)
        return RunReport(run, steps, interrupted, is_active)

    def list_events(self, run_id: str) -> list[EventLog]:
        events: list[EventLog] = []
        with self.services.store.read() as connection:
            while page := list_events(connection, run_id, after=events[-1].id if events else 0, limit=_EVENTS_AT_ONCE):
                events += page
        return events

    def run(self, workflow: Workflow, wanted: NewRun, console: Console) -> RunReport:
        """Raises as `prepare_launch` does."""
        from agentmesh_dagster.cli.backend.execution import launch_here  # Dagster takes a second to load

        run_id, has_ended = launch_here(self.services, workflow, wanted, console)
        return self._report(run_id, interrupted=not has_ended)

    def cancel(self, id_prefix: str) -> Run:
        """Raises RunNotFound, AmbiguousRun, RunIsOver."""
        from agentmesh_dagster.control.cancel import cancel_run
        from agentmesh_dagster.control.instance import open_instance

        run_id = find_run(self.services.store, id_prefix)
        _settle_runs(self.services, run_id)
        with open_instance(self.services.settings) as instance:
            cancel_run(self.services, instance, run_id, by=name_user())
        return self._report(run_id).run

    def retry(self, id_prefix: str, console: Console) -> RunReport:
        """Where a daemon runs, it takes the launch from here; else the run is carried on in this process."""
        from agentmesh_dagster.cli.backend.execution import retry_here
        from agentmesh_dagster.control.retry import NothingToRetry

        run_id = find_run(self.services.store, id_prefix)
        try:
            has_ended, is_handed_over = retry_here(self.services, run_id, console)
        except NothingToRetry as refused:
            raise NotRetried(str(refused)) from refused
        return self._report(run_id, interrupted=not has_ended, is_active=is_handed_over)

    def fork(self, id_prefix: str, wanted: NewFork, console: Console, *, waits: bool) -> RunReport:
        """Where a daemon runs, it takes the launch from here; else the new run is executed in this process.

        Raises as `prepare_fork` does.
        """
        from agentmesh_dagster.cli.backend.execution import fork_here

        run_id = find_run(self.services.store, id_prefix)
        fork_id, has_ended, is_handed_over = fork_here(self.services, run_id, wanted, console, waits=waits)
        return self._report(fork_id, interrupted=not has_ended, is_active=is_handed_over)

    def list_gates(self) -> list[Gate]:
        with self.services.store.read() as connection:
            gates = list_open_gates(connection)
        return show_gates(self.services.store, gates)

    def list_decisions(self, wanted: DecisionFilter) -> Iterator[Decision]:
        return iterate_decisions(self.services.store, wanted)

    def answer(self, id_prefix: str, output: JsonValue, console: Console) -> RunReport:
        """Where a daemon runs, it takes the rest from here; else the run is carried on in this process."""
        from agentmesh_dagster.cli.backend.execution import continue_here
        from agentmesh_dagster.runtime.answers import Answer, GateClosed, answer_gate

        step_id = find_gate(self.services.store, id_prefix)
        try:
            gate = answer_gate(self.services, step_id, Answer(output, by=name_user(), via="cli"))
        except GateClosed as refused:
            raise TooLate(str(refused)) from refused
        has_ended, is_handed_over = continue_here(self.services, gate, console)
        return self._report(gate.run_id, interrupted=not has_ended, is_active=is_handed_over)


def _settle_runs(services: Services, only: str | None = None) -> None:
    """Takes over what Dagster knows of the runs that are not settled, or of the one with this id.

    Raises InstanceUnavailable.
    """
    with services.store.read() as connection:
        unsettled = [run_id for run_id in list_unsettled_run_ids(connection) if only in (None, run_id)]
    if not unsettled:
        return
    from agentmesh_dagster.control.instance import open_instance  # mostly there is nothing to settle, and
    from agentmesh_dagster.control.reconcile import reconcile_run  # Dagster takes a second to load

    with open_instance(services.settings) as instance:
        for run_id in unsettled:
            reconcile_run(services, instance, run_id)
