"""A server, through its API."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice

from rich.console import Console

from agentmesh_dagster.cli.backend import (
    AmbiguousGate,
    AmbiguousRun,
    NotRetried,
    SavedLine,
    TooLate,
    WorkflowLine,
)
from agentmesh_dagster.cli.output.console import plain, say
from agentmesh_dagster.cli.output.reports import RunReport
from agentmesh_dagster.cli.output.values import show_brief, show_moment
from agentmesh_dagster.client import AgentMeshClient, Refused
from agentmesh_dagster.entities.decisions import Decision
from agentmesh_dagster.entities.documents import Document, write_document
from agentmesh_dagster.entities.json_values import JsonValue, read_json
from agentmesh_dagster.entities.models import (
    CatalogueEntity,
    EventLog,
    EventType,
    Kind,
    Run,
    RunStatus,
    Step,
    StepStatus,
    Workflow,
)
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.store.catalogue import AmbiguousName, EntityNotFound
from agentmesh_dagster.store.decisions import DecisionFilter
from agentmesh_dagster.store.gates import GateNotFound
from agentmesh_dagster.store.runs import RunNotFound
from agentmesh_dagster.store.waits import WaitKind
from agentmesh_dagster.wire import Gate, NewFork, NewRun

_SEARCHED = 1_000  # runs, newest first, among which one is found by its first characters
_ID_LENGTH = 36
_STYLES = {  # of the events that are shown while a run is followed
    EventType.STEP_COMPLETED: "green",
    EventType.STEP_FAILED: "red",
    EventType.STEP_CAUGHT: "yellow",
    EventType.STEP_RETRYING: "yellow",
    EventType.STEP_WAITING_HUMAN: "yellow",
    EventType.STEP_WAITING: "yellow",
}
_WAITING = (EventType.STEP_WAITING_HUMAN, EventType.STEP_WAITING)


def _goes_on(step: Step) -> bool:
    """Whether the step is at work, or waits for a time."""
    is_timed = step.waiting_for is not None and step.waiting_for.kind == WaitKind.TIMER
    return step.status in (StepStatus.PENDING, StepStatus.RUNNING) or is_timed


@dataclass(frozen=True)
class RemoteBackend:
    """What commands ask for, asked of a server."""

    client: AgentMeshClient

    def list_entities(self, kind: Kind) -> tuple[list[CatalogueEntity], Sequence[AgentMeshError]]:
        kinds = {
            Kind.PROJECT: self.client.projects,
            Kind.AGENT: self.client.agents,
            Kind.TOOL: self.client.tools,
            Kind.WORKFLOW: self.client.workflows,
        }
        return list(kinds[kind].list_all()), []

    def find_workflow(self, id_or_name: str) -> Workflow:
        """Raises EntityNotFound, AmbiguousName."""
        found = [
            workflow for workflow in self.client.workflows.list_all() if id_or_name in (workflow.id, workflow.name)
        ]
        found = [workflow for workflow in found if workflow.id == id_or_name] or found
        if not found:
            raise EntityNotFound(Kind.WORKFLOW, id_or_name)
        if len(found) > 1:
            raise AmbiguousName(Kind.WORKFLOW, id_or_name, [workflow.id for workflow in found])
        return found[0]

    def list_workflows(self) -> tuple[list[WorkflowLine], Sequence[AgentMeshError]]:
        return [self._describe(workflow) for workflow in self.client.workflows.list_all()], []

    def _describe(self, workflow: Workflow) -> WorkflowLine:
        job = self.client.get_workflow_job(workflow.id)
        return WorkflowLine(workflow, job.name, next(self.client.list_runs(workflow_id=workflow.id), None), job.problem)

    def save(self, entities: Sequence[CatalogueEntity]) -> list[SavedLine]:
        """Raises ApiFault."""
        document = read_json(write_document(Document.of(entities), format="json"))
        saved = self.client.apply(document)
        return [SavedLine(entity.change, entity.kind, entity.id, entity.name, entity.revision) for entity in saved]

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
        runs = self.client.list_runs(
            workflow_id=workflow_id,
            status=status,
            waiting=waiting or None,
            has_failed=has_failed or None,
            has_caught=has_caught or None,
            parent_run_id=self._find_run(parent) if parent else None,
            asset=asset,
            partition=partition,
        )
        return list(islice(runs, limit))

    def read_run(self, id_prefix: str) -> RunReport:
        """Raises RunNotFound, AmbiguousRun."""
        return self._report(self._find_run(id_prefix))

    def _report(self, run_id: str, *, interrupted: bool = False, is_active: bool = False) -> RunReport:
        return RunReport(self.client.get_run(run_id), self.client.list_steps(run_id), interrupted, is_active)

    def _find_run(self, id_prefix: str) -> str:
        if len(id_prefix) >= _ID_LENGTH:
            return id_prefix
        newest = islice(self.client.list_runs(), _SEARCHED)
        found = [run.id for run in newest if id_prefix and run.id.startswith(id_prefix)]
        if not found:
            raise RunNotFound(f"`{id_prefix}`, among the newest {_SEARCHED:,}")
        if len(found) > 1:
            raise AmbiguousRun(f"`{id_prefix}` may be {', '.join(f'`{run_id}`' for run_id in found[:5])}")
        return found[0]

    def list_events(self, run_id: str) -> list[EventLog]:
        return self.client.list_events(run_id)

    def run(self, workflow: Workflow, wanted: NewRun, console: Console) -> RunReport:
        """Launches it on the server and follows it here; Ctrl-C cancels it."""
        run_input = wanted.input if "input" in wanted.model_fields_set else None
        run_id = self.client.launch(workflow.id, run_input, materialize=wanted.materialize, partition=wanted.partition)
        say(console, f"Run {run_id} on the server; Ctrl-C cancels it.", "dim")
        return self._follow(run_id, console)

    def _follow(self, run_id: str, console: Console, *, after: int = 0) -> RunReport:
        nodes: dict[str | None, str] = {}
        try:
            for event in self.client.follow_events(run_id, after=after):
                nodes[event.step_id] = event.payload.get("nodeId") or nodes.get(event.step_id, "")
                if event.type in _STYLES:
                    said = event.payload.get("error") or event.payload.get("output") or event.payload.get("comment")
                    what = f"{show_moment(event.timestamp)}  {event.type.value:<20}  {nodes[event.step_id]}  "
                    console.print(plain(what, _STYLES[event.type]) + show_brief(said))
                if event.type in _WAITING and self._waits(run_id):
                    break
        except KeyboardInterrupt:
            self.client.cancel(run_id)
            return self._report(run_id, interrupted=True)
        return self._report(run_id)

    def _waits(self, run_id: str) -> bool:
        """Whether the run does not go on by itself: all that is left waits for somebody."""
        return not any(_goes_on(step) for step in self.client.list_steps(run_id))

    def cancel(self, id_prefix: str) -> Run:
        """Raises RunNotFound, AmbiguousRun; Refused for a run that has ended."""
        return self.client.cancel(self._find_run(id_prefix))

    def retry(self, id_prefix: str, console: Console) -> RunReport:
        """The server continues the run, and it is followed here. Raises NotRetried."""
        run_id = self._find_run(id_prefix)
        seen = self.client.list_events(run_id)
        try:
            self.client.retry(run_id)
        except Refused as refused:
            raise NotRetried(refused.detail) from refused
        return self._follow(run_id, console, after=seen[-1].id if seen else 0)

    def fork(self, id_prefix: str, wanted: NewFork, console: Console, *, waits: bool) -> RunReport:
        """The server starts it, and it is followed here if that is asked for."""
        fork_id = self.client.fork(self._find_run(id_prefix), wanted)
        return self._follow(fork_id, console) if waits else self._report(fork_id, is_active=True)

    def list_gates(self) -> list[Gate]:
        return list(self.client.list_gates())

    def list_decisions(self, wanted: DecisionFilter) -> Iterator[Decision]:
        return self.client.list_decisions(**asdict(wanted))

    def answer(self, id_prefix: str, output: JsonValue, console: Console) -> RunReport:  # noqa: ARG002
        """The server goes on with the run. Raises TooLate, GateNotFound, AmbiguousGate."""
        try:
            gate = self.client.answer(self._find_gate(id_prefix), output)
        except Refused as refused:
            raise TooLate(refused.detail) from refused
        return self._report(gate.run_id, is_active=True)

    def _find_gate(self, id_prefix: str) -> str:
        if len(id_prefix) >= _ID_LENGTH:
            return id_prefix
        found = [gate.step_id for gate in self.client.list_gates() if gate.step_id.startswith(id_prefix)]
        if not found:
            raise GateNotFound(f"`{id_prefix}`, among those that wait")
        if len(found) > 1:
            raise AmbiguousGate(f"`{id_prefix}` may be {', '.join(f'`{step_id}`' for step_id in found[:5])}")
        return found[0]
