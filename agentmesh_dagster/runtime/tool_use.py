"""The use of a tool: one way to call them, for tool nodes and for agents."""

import time
from dataclasses import dataclass
from typing import cast

from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import EventType, Tool
from agentmesh_dagster.graph.rules.approvals import stands_behind_a_gate
from agentmesh_dagster.runtime.consent import was_approved
from agentmesh_dagster.runtime.files import keep_file
from agentmesh_dagster.runtime.work import NodeError, Work
from agentmesh_dagster.store.journal import EntryKind, JournalEntry
from agentmesh_dagster.tools import ToolError, ToolRequest, call_tool
from agentmesh_dagster.tools.request import FileContent


class ToolNeedsApproval(NodeError):
    """This tool has `approval: always`, and nobody has agreed: a tool node behind a gate may call it, after a yes."""


@dataclass(frozen=True)
class ToolUse:
    tool: Tool
    input: JsonValue
    idempotency_key: str
    digest: str | None = None  # under which the journal keeps what comes of it; None: nowhere

    def keep(self, result: dict[str, JsonValue]) -> JournalEntry | None:
        """What came of it, for the journal."""
        return None if self.digest is None else JournalEntry(EntryKind.RESULT, self.digest, result)


def use_tool(work: Work, use: ToolUse) -> JsonValue:
    """Calls a tool and records the request and the response; raises ToolError, ToolNeedsApproval."""
    if use.tool.needs_approval and not _has_consent(work):
        raise ToolNeedsApproval(f"`{use.tool.name}`, called by `{work.node.origin}`")
    about: dict[str, JsonValue] = {"toolId": use.tool.id, "tool": use.tool.name, "idempotencyKey": use.idempotency_key}
    work.record(EventType.TOOL_REQUEST, about | {"input": use.input})
    started = time.monotonic()
    notes: list[JsonValue] = []
    crash_point(CrashPoint.TOOL_BEFORE_CALL)

    def record_secret(name: str, host: str) -> None:
        work.record(EventType.SECRET_USED, {"name": name, "host": host, "toolId": use.tool.id})

    def keep(file: FileContent) -> JsonValue:
        return keep_file(work.services, cast("dict[str, str]", work.context["run"])["id"], file)

    try:
        request = ToolRequest(
            use.tool,
            use.input,
            use.idempotency_key,
            work.deadline,
            record_secret,
            work.resources,
            notes.append,
            work.sessions,
            keep,
        )
        output = call_tool(request, work.services.settings)
    except ToolError as error:
        about |= {"notes": [*notes]} if notes else {}
        failed: dict[str, JsonValue] = {"error": str(error)}
        # What was given up because the attempt has no time left, the next one does anew.
        kept = None if time.monotonic() >= work.deadline else use.keep(failed)
        work.record(EventType.TOOL_RESPONSE, about | failed | {"seconds": _since(started)}, kept)
        raise
    about |= {"notes": [*notes]} if notes else {}
    crash_point(CrashPoint.TOOL_ANSWERED)
    given: dict[str, JsonValue] = {"output": output}
    work.record(EventType.TOOL_RESPONSE, about | given | {"seconds": _since(started)}, use.keep(given))
    crash_point(CrashPoint.RESULT_KEPT)
    return output


def _has_consent(work: Work) -> bool:
    if not stands_behind_a_gate(work.plan.graph, work.node):
        return False
    run = cast("dict[str, str]", work.context["run"])
    with work.services.store.read() as connection:
        return was_approved(connection, work.plan, run["id"], work.node.id)


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)
