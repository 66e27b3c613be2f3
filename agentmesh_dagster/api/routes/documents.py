"""Documents: many entities at once, in and out."""

from functools import partial
from typing import cast

from fastapi import Response

from agentmesh_dagster import wire
from agentmesh_dagster.api.catalogue import report_saved
from agentmesh_dagster.api.checking import check_document, raise_for_issues
from agentmesh_dagster.api.problems import write_issues
from agentmesh_dagster.api.requests import Asked, DocumentBody, Editor, WorkflowFilter, build_router, faults
from agentmesh_dagster.entities.documents import write_document
from agentmesh_dagster.entities.inventory import read_inventory
from agentmesh_dagster.entities.models import JsonObject, Kind, Workflow
from agentmesh_dagster.graph.document_schema import document_schema
from agentmesh_dagster.runtime.pins import pin_functions
from agentmesh_dagster.store.catalogue import get_entity, list_all, save_checked

router = build_router("", "documents")


@router.post("/documents", responses=faults(409))
def apply_document(call: Asked, editor: Editor, body: DocumentBody) -> wire.Applied:
    """Saves all entities of a document, or none of them."""
    context = call.context
    document, issues = check_document(context, body)
    raise_for_issues(issues)
    pinned = pin_functions(context.services, list(document))
    saved = save_checked(context.services.store, pinned, author=editor.name, via=editor.via)
    report_saved(context, saved)
    items = [
        wire.AppliedEntity(change=one.change, kind=one.kind, id=one.id, name=one.entity.name, revision=one.revision)
        for one in saved
    ]
    return wire.Applied(items=items, issues=write_issues(issues))


@router.get("/documents", response_model=JsonObject, responses=faults(404, 409))
def export_document(call: Asked, workflow_id: WorkflowFilter = None) -> Response:
    """The document of a workflow with all that it uses, or of everything; applied, it gives the same again."""
    store = call.context.services.store
    inventory = read_inventory(partial(list_all, store))
    if inventory.faults:
        raise inventory.faults[0]
    document = inventory.whole
    if workflow_id is not None:
        document = inventory.cut_out(cast("Workflow", get_entity(store, Kind.WORKFLOW, workflow_id)))
    return Response(write_document(document, format="json"), media_type="application/json")


@router.get("/document-schema")
def get_document_schema(call: Asked) -> JsonObject:  # noqa: ARG001
    """The JSON Schema of documents, for editors."""
    return document_schema()
