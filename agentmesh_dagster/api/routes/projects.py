"""Projects: folders of agents, tools and workflows."""

from agentmesh_dagster import wire
from agentmesh_dagster.api.catalogue import create, delete, get_one, list_page, replace
from agentmesh_dagster.api.requests import (
    Asked,
    Cursor,
    Editor,
    IfMatch,
    Limit,
    PathId,
    ProjectBody,
    build_router,
    faults,
)
from agentmesh_dagster.entities.models import Project

router = build_router("/projects", "projects")


@router.post("", status_code=201, responses=faults(409))
def create_project(call: Asked, editor: Editor, body: ProjectBody) -> Project:
    """Saves a new project; without an `id` it gets one."""
    return create(call, editor, Project, body)


@router.get("")
def list_projects(call: Asked, limit: Limit = 50, cursor: Cursor = None) -> wire.PageOf[Project]:
    """The projects, by name."""
    return list_page(call, Project, limit=limit, cursor=cursor)


@router.get("/{id}", responses=faults(404, 409))
def get_project(call: Asked, identity: PathId) -> Project:
    """One project; the `ETag` is its revision."""
    return get_one(call, Project, identity)


@router.put("/{id}", responses=faults(404, 409))
def save_project(call: Asked, editor: Editor, identity: PathId, body: ProjectBody, if_match: IfMatch = None) -> Project:
    """Saves a project that there is. Somebody else's save since `If-Match` is a conflict."""
    return replace(call, editor, Project, identity, body, if_match)


@router.delete("/{id}", status_code=204, responses=faults(404, 409))
def delete_project(call: Asked, editor: Editor, identity: PathId, if_match: IfMatch = None) -> None:
    """Deletes an empty project."""
    delete(call, editor, Project, identity, if_match)
