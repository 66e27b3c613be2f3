"""Tools: what agents and tool nodes can call."""

from agentmesh_dagster import wire
from agentmesh_dagster.api.catalogue import (
    create,
    delete,
    find_one,
    get_old,
    get_one,
    list_history,
    list_page,
    list_users,
    replace,
    restore,
)
from agentmesh_dagster.api.requests import (
    Asked,
    Cursor,
    Editor,
    IfMatch,
    Limit,
    PathId,
    PathRevision,
    ProjectFilter,
    ToolBody,
    ToolTrialBody,
    build_router,
    faults,
    read_body,
)
from agentmesh_dagster.entities.models import Kind, Tool
from agentmesh_dagster.runtime import trials

router = build_router("/tools", "tools")


@router.post("", status_code=201, responses=faults(409))
def create_tool(call: Asked, editor: Editor, body: ToolBody) -> Tool:
    """Saves a new tool; without an `id` it gets one."""
    return create(call, editor, Tool, body)


@router.get("")
def list_tools(
    call: Asked, project_id: ProjectFilter = None, limit: Limit = 50, cursor: Cursor = None
) -> wire.PageOf[Tool]:
    """The tools, by name."""
    return list_page(call, Tool, project_id=project_id, limit=limit, cursor=cursor)


@router.get("/{id}", responses=faults(404, 409))
def get_tool(call: Asked, identity: PathId) -> Tool:
    """One tool; the `ETag` is its revision."""
    return get_one(call, Tool, identity)


@router.put("/{id}", responses=faults(404, 409))
def save_tool(call: Asked, editor: Editor, identity: PathId, body: ToolBody, if_match: IfMatch = None) -> Tool:
    """Saves a tool that there is. Somebody else's save since `If-Match` is a conflict."""
    return replace(call, editor, Tool, identity, body, if_match)


@router.delete("/{id}", status_code=204, responses=faults(404, 409))
def delete_tool(call: Asked, editor: Editor, identity: PathId, if_match: IfMatch = None) -> None:
    """Deletes a tool that nothing uses; its history stays."""
    delete(call, editor, Tool, identity, if_match)


@router.get("/{id}/revisions", responses=faults(404))
def list_tool_revisions(
    call: Asked, identity: PathId, limit: Limit = 50, cursor: Cursor = None
) -> wire.PageOf[wire.Revision]:
    """The history of a tool, deleted or not, newest first."""
    return list_history(call, Kind.TOOL, identity, limit, cursor)


@router.get("/{id}/revisions/{revision}", responses=faults(404, 409))
def get_tool_revision(call: Asked, identity: PathId, revision: PathRevision) -> Tool:
    """The tool as it was saved in this revision."""
    return get_old(call, Tool, identity, revision)


@router.post("/{id}/revisions/{revision}/restore", responses=faults(404, 409))
def restore_tool(call: Asked, editor: Editor, identity: PathId, revision: PathRevision) -> Tool:
    """Saves an older revision as a new one, also of a tool that was deleted."""
    return restore(call, editor, Tool, identity, revision)


@router.get("/{id}/uses", responses=faults(404))
def list_tool_uses(call: Asked, identity: PathId) -> wire.PageOf[wire.Use]:
    """What names this tool, so that it cannot be deleted."""
    return list_users(call, Kind.TOOL, identity)


@router.post("/{id}/try", responses=faults(404, 409, 502))
def try_tool(call: Asked, editor: Editor, identity: PathId, body: ToolTrialBody) -> wire.ToolReply:
    """Calls a tool, really; the event `tool.tried` says who did. One with `approval: always` cannot be tried."""
    wanted = read_body(wire.ToolTrial, body)
    output = trials.try_tool(call.context.services, find_one(call.context, Tool, identity), wanted.input, by=editor)
    return wire.ToolReply(output=output)
