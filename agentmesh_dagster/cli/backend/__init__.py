"""Where commands find workflows, runs and gates: in the store here, or on a server."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console

from agentmesh_dagster.cli.output.reports import RunReport
from agentmesh_dagster.entities.decisions import Decision
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import CatalogueEntity, EventLog, Kind, Run, RunStatus, Workflow
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.store.decisions import DecisionFilter
from agentmesh_dagster.wire import Gate, NewFork, NewRun


class TooLate(AgentMeshError):
    """Refused."""


class NotRetried(AgentMeshError):
    """This run cannot be continued."""


class AmbiguousRun(AgentMeshError):
    """Several runs have an id that begins like this."""


class AmbiguousGate(AgentMeshError):
    """Several gates have a step id that begins like this."""


@dataclass(frozen=True)
class SavedLine:
    """What became of one entity."""

    change: str  # created, updated, unchanged, restored
    kind: Kind
    id: str
    name: str
    revision: int


@dataclass(frozen=True)
class WorkflowLine:
    """A workflow in a list."""

    workflow: Workflow
    job: str | None
    last_run: Run | None
    job_problem: str | None = None  # why a code location goes without the job, or without one of its triggers


class Backend(Protocol):
    """What commands ask for; `id_prefix` is an id, or its first characters."""

    def list_entities(self, kind: Kind) -> tuple[list[CatalogueEntity], Sequence[AgentMeshError]]:
        """All of a kind, by name, and a fault for each that cannot be read."""
        ...

    def find_workflow(self, id_or_name: str) -> Workflow: ...

    def list_workflows(self) -> tuple[list[WorkflowLine], Sequence[AgentMeshError]]: ...

    def save(self, entities: Sequence[CatalogueEntity]) -> list[SavedLine]:
        """All of them, or none."""
        ...

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
        """`parent` is how the id of a run begins: only those that its steps wait, or waited, for."""
        ...

    def read_run(self, id_prefix: str) -> RunReport: ...

    def list_events(self, run_id: str) -> list[EventLog]: ...

    def run(self, workflow: Workflow, wanted: NewRun, console: Console) -> RunReport:
        """Runs it to its end, or to where it waits, with a live view on `console`."""
        ...

    def cancel(self, id_prefix: str) -> Run: ...

    def retry(self, id_prefix: str, console: Console) -> RunReport:
        """Continues a run that has failed. Raises NotRetried for any other."""
        ...

    def fork(self, id_prefix: str, wanted: NewFork, console: Console, *, waits: bool) -> RunReport:
        """Starts a run that goes on from a step of another; `waits`: until it has ended, or waits for a person."""
        ...

    def list_gates(self) -> list[Gate]: ...

    def list_decisions(self, wanted: DecisionFilter) -> Iterator[Decision]:
        """Newest first, read as they are asked for."""
        ...

    def answer(self, id_prefix: str, output: JsonValue, console: Console) -> RunReport:
        """Answers a gate and goes on with its run. Raises TooLate when the gate was closed before."""
        ...
