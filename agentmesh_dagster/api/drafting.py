"""What the routes of drafts do: a draft is saved with its issues, and published without."""

from collections.abc import Sequence

from agentmesh_dagster import wire
from agentmesh_dagster.api.catalogue import answer_saved, report_saved
from agentmesh_dagster.api.checking import check_draft, check_entity, read_entity
from agentmesh_dagster.api.problems import write_issues
from agentmesh_dagster.api.requests import Call
from agentmesh_dagster.entities.access import Identity
from agentmesh_dagster.entities.models import Kind, Workflow
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.store import catalogue
from agentmesh_dagster.store.catalogue import AnyEntity, Draft, kind_of_type


def get_draft(call: Call, kind: Kind, identity: str) -> wire.Draft:
    """The draft, with the issues that it has today. Raises DraftNotFound."""
    draft = catalogue.get_draft(call.context.services.store, kind, identity)
    _, issues = check_entity(call.context, kind, draft.fields, identity)
    return _write(draft, issues)


def save_draft(call: Call, editor: Identity, kind: Kind, identity: str, wanted: wire.NewDraft) -> wire.Draft:
    """Raises InvalidBody for what cannot be shown, StaleDraft, InvalidBase, MissingProject."""
    issues = check_draft(call.context, kind, wanted.entity, identity)
    draft = catalogue.save_draft(
        call.context.services.store,
        (kind, identity),
        wanted.entity,
        author=editor.name,
        base_revision=wanted.base_revision,
        version=wanted.version,
    )
    return _write(draft, issues)


def discard_draft(call: Call, editor: Identity, kind: Kind, identity: str, version: int | None) -> None:
    """Raises DraftNotFound, StaleDraft."""
    store = call.context.services.store
    catalogue.discard_draft(store, (kind, identity), author=editor.name, via=editor.via, version=version)


def publish_draft(
    call: Call, editor: Identity, entity_type: type[AnyEntity], identity: str, wanted: wire.Publication
) -> AnyEntity:
    """Saves the draft as a new revision, after the same checks as any save.

    Raises DraftNotFound, StaleDraft, InvalidBody, StaleRevision, and as `save_checked`.
    """
    store = call.context.services.store
    kind = kind_of_type(entity_type)
    draft = catalogue.get_draft(store, kind, identity)
    if wanted.version not in (None, draft.info.version):
        raise catalogue.StaleDraft(draft.info, (kind, identity))
    entity = read_entity(call.context, entity_type, draft.fields, identity, is_given=True)
    saved = catalogue.publish_draft(
        store,
        draft,
        entity,
        author=editor.name,
        via=editor.via,
        message=(wanted.message or "").strip() or None,
        validate=catalogue.raise_for_faults([entity] if isinstance(entity, Workflow) else []),
    )
    report_saved(call.context, [saved])
    return answer_saved(call, entity_type, saved)


def list_drafts(call: Call, *, project_id: str | None, limit: int, cursor: str | None) -> wire.PageOf[wire.ListedDraft]:
    """One page of the drafts, the last saved first."""
    page = catalogue.list_drafts(call.context.services.store, project_id=project_id, limit=limit, cursor=cursor)
    items = [wire.ListedDraft.model_validate(vars(info)) for info in page.items]
    return wire.PageOf[wire.ListedDraft](items=items, next_cursor=page.next_cursor)


def mark_drafted(call: Call, page: wire.PageOf[Workflow]) -> wire.PageOf[wire.ListedWorkflow]:
    """The page of workflows, each with its job and whether it has a draft."""
    ids = [workflow.id for workflow in page.items]
    drafted = catalogue.find_drafted(call.context.services.store, Kind.WORKFLOW, ids)
    store = call.context.services.store
    problems = catalogue.list_job_problems(store)
    jobs = {
        workflow_id: wire.WorkflowJob(name=name, problem=problems.get(workflow_id))
        for name, workflow_id in catalogue.list_job_names(store).items()
    }
    items = [
        wire.ListedWorkflow(
            **dict(workflow),
            has_draft=workflow.id in drafted,
            job=jobs.get(workflow.id),
        )
        for workflow in page.items
    ]
    return wire.PageOf[wire.ListedWorkflow](items=items, next_cursor=page.next_cursor, faults=page.faults)


def _write(draft: Draft, issues: Sequence[Issue]) -> wire.Draft:
    info = draft.info
    return wire.Draft(
        entity={**draft.fields, "id": info.id},
        version=info.version,
        base_revision=info.base_revision,
        published_revision=info.published_revision,
        saved_at=info.saved_at,
        saved_by=info.saved_by,
        issues=write_issues(issues),
    )
