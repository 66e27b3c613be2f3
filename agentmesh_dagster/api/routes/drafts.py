"""Drafts: what is being written beside the published revision of a workflow, an agent or a tool."""

from fastapi import APIRouter

from agentmesh_dagster import wire
from agentmesh_dagster.api import drafting
from agentmesh_dagster.api.requests import (
    Asked,
    Cursor,
    Editor,
    Limit,
    NewDraftBody,
    PathId,
    ProjectFilter,
    PublicationBody,
    SeenVersion,
    build_router,
    faults,
    read_body,
)
from agentmesh_dagster.entities.models import Agent, Tool, Workflow
from agentmesh_dagster.store.catalogue import AnyEntity, kind_of_type

router = build_router("", "drafts")


@router.get("/drafts")
def list_drafts(
    call: Asked, project_id: ProjectFilter = None, limit: Limit = 50, cursor: Cursor = None
) -> wire.PageOf[wire.ListedDraft]:
    """The drafts of workflows, agents and tools, the last saved first."""
    return drafting.list_drafts(call, project_id=project_id, limit=limit, cursor=cursor)


def _add_routes(router: APIRouter, entity_type: type[AnyEntity]) -> None:
    kind = kind_of_type(entity_type)
    path = f"/{kind.value}s/{{id}}/draft"

    @router.get(path, name=f"get_{kind.value}_draft", responses=faults(404))
    def _get(call: Asked, identity: PathId) -> wire.Draft:
        """The draft, with the issues that it has now."""
        return drafting.get_draft(call, kind, identity)

    @router.put(path, name=f"save_{kind.value}_draft", responses=faults(409))
    def _save(call: Asked, editor: Editor, identity: PathId, body: NewDraftBody) -> wire.Draft:
        """Saves a draft, whatever issues it holds; also of an id that has nothing published yet.

        Somebody else's save of the draft since `version` is a conflict; `version` 0 says that there must be none.
        """
        return drafting.save_draft(call, editor, kind, identity, read_body(wire.NewDraft, body))

    @router.delete(path, name=f"discard_{kind.value}_draft", status_code=204, responses=faults(404, 409))
    def _discard(call: Asked, editor: Editor, identity: PathId, version: SeenVersion = None) -> None:
        """Takes the draft away; what is published stays."""
        drafting.discard_draft(call, editor, kind, identity, version)

    @router.post(
        f"{path}/publish", name=f"publish_{kind.value}_draft", response_model=entity_type, responses=faults(404, 409)
    )
    def _publish(call: Asked, editor: Editor, identity: PathId, body: PublicationBody = None) -> AnyEntity:
        """Saves the draft as a new revision, if it has no issues; then it is no draft any more.

        A revision that somebody published since the draft's `baseRevision` is a conflict.
        """
        wanted = read_body(wire.Publication, {} if body is None else body)
        return drafting.publish_draft(call, editor, entity_type, identity, wanted)


for _entity_type in (Workflow, Agent, Tool):
    _add_routes(router, _entity_type)
