"""The client: a thin, typed layer over the REST API."""

import time
from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx2

from agentmesh_dagster.client.connection import Connection
from agentmesh_dagster.client.entities import Entities
from agentmesh_dagster.client.faults import ApiUnreachable
from agentmesh_dagster.entities.decisions import Decision
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Agent, EventLog, Project, Run, RunStatus, Step, StepStatus, Tool, Workflow
from agentmesh_dagster.wire import (
    AppliedEntity,
    Gate,
    Issue,
    ListedDraft,
    ListedWorkflow,
    NewFork,
    PinnedWorkflow,
    ReceivedEvent,
    RetriedRun,
    WorkflowJob,
)

_PAGE = 200  # events asked for at once
_PAUSE_SECONDS = 0.5  # before a stream that broke is opened again


class AgentMeshClient:
    """An AgentMesh server, as a program sees it.

        with AgentMeshClient("http://127.0.0.1:3000", token="…") as mesh:
            run_id = mesh.launch("support-triage", {"ticket": "It does not start."})
            run = mesh.wait(run_id)

    Whatever the server refuses is raised as ApiFault (NotLoggedIn, NothingThere, Refused), with its words.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout: float = 30.0,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """`url` is the server's address, its path prefix included; `token` is made by `agentmesh token create`.

        `timeout` is in seconds, for one request; a `transport` of httpx2 replaces the network.
        """
        self._connection = Connection(url, token, timeout, transport)
        self.projects = Entities(self._connection, "projects", Project)
        self.agents = Entities(self._connection, "agents", Agent)
        self.tools = Entities(self._connection, "tools", Tool)
        self.workflows = Entities(self._connection, "workflows", Workflow, ListedWorkflow)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    # documents

    def validate(self, document: JsonValue) -> list[Issue]:
        """What is wrong with a workflow, or with a whole document; nothing is saved."""
        answer = self._connection.request("POST", "workflows/validate", json=document)
        return [Issue.model_validate(issue) for issue in answer["issues"]]

    def apply(self, document: JsonValue) -> list[AppliedEntity]:
        """Saves all of a document, or nothing."""
        answer = self._connection.request("POST", "documents", json=document)
        return [AppliedEntity.model_validate(item) for item in answer["items"]]

    def export(self, workflow_id: str | None = None) -> dict[str, Any]:
        """The document of a workflow with all that it uses, or of the whole store."""
        query = {} if workflow_id is None else {"workflowId": workflow_id}
        return self._connection.request("GET", "documents", params=query)

    def list_drafts(self, *, project_id: str | None = None) -> Iterator[ListedDraft]:
        """What is being written beside the published revisions, the last saved first."""
        for item in self._connection.list("drafts", {"projectId": project_id}):
            yield ListedDraft.model_validate(item)

    # runs

    def launch(
        self,
        workflow_id: str,
        run_input: JsonValue = None,
        *,
        materialize: bool = False,
        partition: str | None = None,
        ask_again: bool = False,
    ) -> str:
        """Starts a run, and returns its id without waiting for a worker.

        With `materialize` it makes a version of the workflow's asset, of that `partition` where it has some. While a
        person is asked for the same it is that run, unless `ask_again`.
        """
        body: dict[str, JsonValue] = {} if run_input is None else {"input": run_input}
        if materialize:
            body |= {"materialize": True, "askAgain": ask_again}
        if partition is not None:
            body["partition"] = partition
        return self._connection.request("POST", f"workflows/{quote(workflow_id, safe='')}/runs", json=body)["runId"]

    def get_workflow_job(self, workflow_id: str) -> WorkflowJob:
        """The Dagster job of a workflow, and why a code location goes without it. Raises NothingThere."""
        answer = self._connection.request("GET", f"workflows/{quote(workflow_id, safe='')}/job")
        return WorkflowJob.model_validate(answer)

    def list_runs(
        self,
        *,
        project_id: str | None = None,
        workflow_id: str | None = None,
        status: RunStatus | None = None,
        waiting: bool | None = None,
        has_failed: bool | None = None,
        has_caught: bool | None = None,
        parent_run_id: str | None = None,
        asset: str | None = None,
        partition: str | None = None,
        backfill_id: str | None = None,
    ) -> Iterator[Run]:
        """Runs, newest first; further pages are asked for as the caller goes on."""
        query = {"projectId": project_id, "workflowId": workflow_id, "status": status}
        query |= {"waiting": waiting, "hasFailed": has_failed, "hasCaught": has_caught}
        query |= {"parentRunId": parent_run_id}
        query |= {"asset": asset, "partition": partition, "backfillId": backfill_id}
        for item in self._connection.list("runs", query):
            yield Run.model_validate(item)

    def get_run(self, run_id: str) -> Run:
        return Run.model_validate(self._connection.request("GET", f"runs/{run_id}"))

    def list_steps(self, run_id: str) -> list[Step]:
        return [Step.model_validate(item) for item in self._connection.list(f"runs/{run_id}/steps", {})]

    def get_pinned_workflow(self, run_id: str) -> PinnedWorkflow:
        """What the run executes, whatever became of it since."""
        return PinnedWorkflow.model_validate(self._connection.request("GET", f"runs/{run_id}/workflow"))

    def retry(self, run_id: str) -> RetriedRun:
        """Continues a run that has failed. Raises Refused, with its state, for any other."""
        return RetriedRun.model_validate(self._connection.request("POST", f"runs/{run_id}/retry"))

    def fork(self, run_id: str, wanted: NewFork) -> str:
        """Starts a run that goes on from a step of this one, and returns its id without waiting for a worker.

            mesh.fork(run_id, NewFork(from_node_id="publish", outputs={"draft": {"text": "Better."}}))

        Raises ApiFault with `issues` for what cannot be forked so.
        """
        body = wanted.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return self._connection.request("POST", f"runs/{run_id}/fork", json=body)["runId"]

    def cancel(self, run_id: str) -> Run:
        """Raises Refused for a run that has ended."""
        return Run.model_validate(self._connection.request("POST", f"runs/{run_id}/cancel"))

    def list_events(self, run_id: str, *, after: int = 0) -> list[EventLog]:
        """What has happened so far behind the event with id `after`, in order."""
        events: list[EventLog] = []
        while True:
            last = events[-1].id if events else after
            page = self._connection.request("GET", f"runs/{run_id}/events", params={"after": last, "limit": _PAGE})
            if not page["items"]:
                return events
            events += [EventLog.model_validate(item) for item in page["items"]]

    def follow_events(self, run_id: str, *, after: int = 0) -> Iterator[EventLog]:
        """The events of a run behind the one with id `after`, live, until the run is over.

        A stream that ends or breaks is opened again behind the last event seen: none is lost, none comes twice.
        A server that was reached before and is away for a minute is waited for; then ApiUnreachable.
        """
        last, broken_since = after, None
        while True:
            try:
                with self._connection.stream(f"runs/{run_id}/events", {"Last-Event-ID": str(last)}) as source:
                    broken_since = None
                    for message in source:
                        if message.event == "end":
                            return
                        if message.data:
                            event = EventLog.model_validate_json(message.data)
                            last = event.id
                            yield event
            except ApiUnreachable:
                broken_since = broken_since or time.monotonic()
                if last == after or time.monotonic() - broken_since > 60:
                    raise
            time.sleep(_PAUSE_SECONDS)

    def wait(self, run_id: str, *, timeout: float | None = None) -> Run:
        """The run, when it has ended or waits for a person. TimeoutError after `timeout` seconds."""
        ends = None if timeout is None else time.monotonic() + timeout
        while True:
            run = self.get_run(run_id)
            if run.status.is_end or (run.waiting_on and self._waits_for_person(run)):
                return run
            if ends is not None and time.monotonic() > ends:
                raise TimeoutError(f"run {run_id} is still {run.status.value} after {timeout} seconds")
            time.sleep(_PAUSE_SECONDS)

    def _waits_for_person(self, run: Run) -> bool:
        waiting = [step for step in self.list_steps(run.id) if step.id in run.waiting_on]
        return any(step.status is StepStatus.WAITING_HUMAN for step in waiting)

    # gates and events

    def list_gates(self, *, project_id: str | None = None) -> Iterator[Gate]:
        """What waits for a person, oldest first."""
        for item in self._connection.list("gates", {"projectId": project_id}):
            yield Gate.model_validate(item)

    def get_gate(self, step_id: str) -> Gate:
        """A gate, closed ones too."""
        return Gate.model_validate(self._connection.request("GET", f"gates/{step_id}"))

    def list_decisions(
        self,
        *,
        project_id: str | None = None,
        workflow_id: str | None = None,
        asset: str | None = None,
        by: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Decision]:
        """Every answer to a gate, newest first; those since a moment, and before another."""
        asked = {"projectId": project_id, "workflowId": workflow_id, "asset": asset, "by": by}
        moments = {"since": since and since.isoformat(), "until": until and until.isoformat()}
        for item in self._connection.list("decisions", asked | moments):
            yield Decision.model_validate(item)

    def answer(self, step_id: str, output: JsonValue) -> Gate:
        """Answers a gate. Raises Refused when somebody was first, and says who."""
        answer = self._connection.request("POST", f"steps/{step_id}/human-complete", json={"output": output})
        return Gate.model_validate(answer)

    def post_event(self, name: str, body: JsonValue, *, event_id: str | None = None) -> ReceivedEvent:
        """Fires the triggers of that name; the same `event_id` again does nothing."""
        headers = {} if event_id is None else {"Idempotency-Key": event_id}
        answer = self._connection.request("POST", f"events/{quote(name, safe='')}", json=body, headers=headers)
        return ReceivedEvent.model_validate(answer)
