"""The tools: each asks the API, so that roles, checks and faults are those of its routes."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agentmesh_dagster.api.mcp import arguments as args
from agentmesh_dagster.api.mcp.asking import Api, Refused, write_path
from agentmesh_dagster.api.problems import InvalidBody
from agentmesh_dagster.entities.access import Permission
from agentmesh_dagster.entities.documents import read_text
from agentmesh_dagster.entities.entity import Entity
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import JsonObject, RunStatus
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.store.cutting import cut_fields

_IN_LIST_CHARS = 1_000  # of one value
_ALONE_CHARS = 50_000
_LOOKS = (0.2, 0.5, 1.0)  # seconds until the next look at a run; the last again and again
_LISTED = ("id", "projectId", "name", "description", "inputSchema", "revision", "hasDraft", "job")
_IN_LIST = {"maxValueChars": _IN_LIST_CHARS}
_ALONE = {"maxValueChars": _ALONE_CHARS}


@dataclass(frozen=True)
class McpTool:
    """A function that agents call."""

    call: Callable[[Api, Any], Awaitable[JsonObject]]  # its docstring is the description
    arguments: type[Entity]
    permission: Permission = Permission.READ  # whoever has it is shown the tool; the routes check by themselves
    destroys: bool = False  # what it changes cannot be taken back
    repeats: bool = False  # to call it twice changes no more than once
    is_open: bool = False  # what it starts may reach anything

    @property
    def name(self) -> str:
        return self.call.__name__

    @property
    def only_reads(self) -> bool:
        return self.permission is Permission.READ

    @property
    def description(self) -> str:
        return " ".join((self.call.__doc__ or "").split())


async def list_workflows(api: Api, wanted: args.WorkflowPage) -> JsonObject:
    """The workflows that can be run, by name, each with the JSON Schema of its input."""
    page = await api.ask("GET", "/workflows", wanted.to_wire())
    page["items"] = [{key: item[key] for key in _LISTED if key in item} for item in page["items"]]
    return _cut_items(page)


async def get_workflow(api: Api, wanted: args.OneWorkflow) -> JsonObject:
    """A workflow: its graph, the JSON Schema of its input, what starts it."""
    workflow = await api.ask("GET", write_path("workflows", wanted.workflow_id))
    return _cut(workflow, _ALONE_CHARS) | {"url": api.link("workflows", wanted.workflow_id)}


async def run_workflow(api: Api, wanted: args.NewRun) -> JsonObject:
    """Starts a run of a workflow, waits for it up to `waitSeconds`, and gives the run.

    One that has not ended by then goes on: ask `get_run` with `waitSeconds`, and do not start it again.
    """
    path = write_path("workflows", wanted.workflow_id, "runs")
    started = await api.ask("POST", path, body={"input": wanted.input})
    return await _watch(api, started["runId"], wanted.wait_seconds)


async def list_runs(api: Api, wanted: args.RunPage) -> JsonObject:
    """Runs, newest first. Large values are left out; `cut` tells their size and beginning, `get_run` has them."""
    return await api.ask("GET", "/runs", wanted.to_wire() | _IN_LIST)


async def get_run(api: Api, wanted: args.WatchedRun) -> JsonObject:
    """A run: status, input, output, error, and the steps that it waits for.

    With `waitSeconds` it is given when it has ended or waits for a person, or when that time is over.
    """
    return await _watch(api, wanted.run_id, wanted.wait_seconds)


async def list_run_steps(api: Api, wanted: args.StepPage) -> JsonObject:
    """The steps of a run, by when they started: what each node got, gave, and why it failed."""
    return await api.ask("GET", write_path("runs", wanted.run_id, "steps"), wanted.to_wire() | _IN_LIST)


async def get_step(api: Api, wanted: args.OneStep) -> JsonObject:
    """One step, with larger values than the list has."""
    return _cut(await api.ask("GET", write_path("steps", wanted.step_id)), _ALONE_CHARS)


async def list_run_events(api: Api, wanted: args.EventPage) -> JsonObject:
    """What has happened in a run, oldest first: model calls, tool calls, answers, faults."""
    return await api.ask("GET", write_path("runs", wanted.run_id, "events"), wanted.to_wire() | _IN_LIST)


async def cancel_run(api: Api, wanted: args.OneRun) -> JsonObject:
    """Cancels a run: queued, at work, or waiting for a person."""
    await api.ask("POST", write_path("runs", wanted.run_id, "cancel"))
    return await _watch(api, wanted.run_id, 0)


async def retry_run(api: Api, wanted: args.OneRun) -> JsonObject:
    """Goes on with a run that has failed: what succeeded is kept."""
    return await api.ask("POST", write_path("runs", wanted.run_id, "retry"))


async def list_gates(api: Api, wanted: args.WorkflowPage) -> JsonObject:
    """What waits for a person, oldest first: the instructions, what is shown, and the JSON Schema of the answer."""
    return _cut_items(await api.ask("GET", "/gates", wanted.to_wire()))


async def get_gate(api: Api, wanted: args.OneStep) -> JsonObject:
    """A gate, open or closed, with how it was asked before."""
    gate = await api.ask("GET", write_path("gates", wanted.step_id))
    return _cut(gate, _ALONE_CHARS) | {"url": api.link("approvals", wanted.step_id)}


async def answer_gate(api: Api, wanted: args.Answer) -> JsonObject:
    """Answers a gate in the name of this token's owner; the run goes on, and the answer cannot be taken back.

    Answer only what a person has decided.
    """
    path = write_path("steps", wanted.step_id, "human-complete")
    return _cut(await api.ask("POST", path, body={"output": wanted.output}), _ALONE_CHARS)


async def get_document_schema(api: Api, _: args.Nothing) -> JsonObject:
    """The JSON Schema of documents: all that agents, tools and workflows can say."""
    return await api.ask("GET", "/document-schema")


async def export_document(api: Api, wanted: args.OneWorkflow) -> JsonObject:
    """The document of a workflow with all that it uses; changed, it can be applied."""
    return await api.ask("GET", "/documents", {"workflowId": wanted.workflow_id})


async def validate_document(api: Api, wanted: args.OneDocument) -> JsonObject:
    """What is wrong with a document, all at once; nothing is saved."""
    return await api.ask("POST", "/workflows/validate", body=_read_document(wanted))


async def apply_document(api: Api, wanted: args.OneDocument) -> JsonObject:
    """Saves all of a document, or nothing if it has errors.

    What has an id that there is gets a new revision; what the document does not name stays.
    """
    return await api.ask("POST", "/documents", body=_read_document(wanted))


TOOLS: Mapping[str, McpTool] = {
    tool.name: tool
    for tool in (
        McpTool(list_workflows, args.WorkflowPage),
        McpTool(get_workflow, args.OneWorkflow),
        McpTool(run_workflow, args.NewRun, Permission.EDIT, destroys=True, is_open=True),
        McpTool(list_runs, args.RunPage),
        McpTool(get_run, args.WatchedRun),
        McpTool(list_run_steps, args.StepPage),
        McpTool(get_step, args.OneStep),
        McpTool(list_run_events, args.EventPage),
        McpTool(cancel_run, args.OneRun, Permission.EDIT, destroys=True, repeats=True),
        McpTool(retry_run, args.OneRun, Permission.EDIT, destroys=True, is_open=True),
        McpTool(list_gates, args.WorkflowPage),
        McpTool(get_gate, args.OneStep),
        McpTool(answer_gate, args.Answer, Permission.ANSWER, destroys=True, is_open=True),
        McpTool(get_document_schema, args.Nothing),
        McpTool(export_document, args.OneWorkflow),
        McpTool(validate_document, args.OneDocument),
        McpTool(apply_document, args.OneDocument, Permission.EDIT, destroys=True, repeats=True),
    )
}


async def _watch(api: Api, run_id: str, seconds: float) -> JsonObject:
    """The run, once it has ended or waits for a person, or after so many seconds."""
    path, end, looks = write_path("runs", run_id), time.monotonic() + seconds, 0
    while True:
        run = await api.ask("GET", path, _ALONE)
        pause = min(_LOOKS[min(looks, len(_LOOKS) - 1)], end - time.monotonic())
        if pause <= 0 or await _is_settled(api, run) or not await api.sleep(pause):
            return run | {"url": api.link("runs", run_id)}
        looks += 1


async def _is_settled(api: Api, run: JsonObject) -> bool:
    if RunStatus(run["status"]).is_end:
        return True
    for step_id in run["waitingOn"]:
        try:
            await api.ask("GET", write_path("gates", step_id))
        except Refused:  # it waits for something else
            continue
        return True
    return False


def _cut_items(page: JsonObject) -> JsonObject:
    return page | {"items": [_cut(item, _IN_LIST_CHARS) for item in page["items"]]}


def _cut(item: JsonObject, max_chars: int) -> JsonObject:
    """The item without fields of more than `max_chars` characters, said as the API says it of runs and steps."""
    kept, cuts = cut_fields(item, max_chars)
    return kept | {"cut": {name: cut.to_wire() for name, cut in cuts.items()}} if cuts else kept


def _read_document(wanted: args.OneDocument) -> JsonValue:
    if not isinstance(wanted.document, str):
        return wanted.document
    value, faults = read_text(wanted.document, name="document")
    if faults:
        raise InvalidBody([Issue(fault.code, fault.message, path=fault.path) for fault in faults])
    return value
