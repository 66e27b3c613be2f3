"""Workflows: directed graphs of agents, tools, branches and gates."""

from agentmesh_dagster import wire
from agentmesh_dagster.api.catalogue import (
    create,
    delete,
    find_one,
    get_old,
    get_one,
    list_history,
    list_page,
    replace,
    restore,
)
from agentmesh_dagster.api.checking import check_document, check_entity, describe_nodes
from agentmesh_dagster.api.drafting import mark_drafted
from agentmesh_dagster.api.launching import answer_launched
from agentmesh_dagster.api.problems import write_issues
from agentmesh_dagster.api.repeats import list_repeats
from agentmesh_dagster.api.requests import (
    AnyBody,
    Asked,
    CaughtFilter,
    Cursor,
    Editor,
    FailedFilter,
    IfMatch,
    Limit,
    MaxValueChars,
    NewRunBody,
    OneNode,
    ParentFilter,
    PathId,
    PathRevision,
    ProjectFilter,
    StatusFilter,
    WaitingFilter,
    WorkflowBody,
    build_router,
    faults,
    read_body,
)
from agentmesh_dagster.api.settling import list_shown_runs
from agentmesh_dagster.control.launch import prepare_launch, read_new_run
from agentmesh_dagster.entities.documents import SECTIONS
from agentmesh_dagster.entities.models import Kind, Run, Workflow
from agentmesh_dagster.graph.triggers import key_triggers, name_triggers
from agentmesh_dagster.specs import TRIGGER_SPECS
from agentmesh_dagster.store.catalogue import get_job_name, list_job_problems, list_revisions
from agentmesh_dagster.store.runs import RunFilter
from agentmesh_dagster.store.trigger_outcomes import list_outcomes

router = build_router("/workflows", "workflows")


@router.post("", status_code=201, responses=faults(409))
def create_workflow(call: Asked, editor: Editor, body: WorkflowBody) -> Workflow:
    """Saves a new workflow; without an `id` it gets one."""
    return create(call, editor, Workflow, body)


@router.get("")
def list_workflows(
    call: Asked, project_id: ProjectFilter = None, limit: Limit = 50, cursor: Cursor = None
) -> wire.PageOf[wire.ListedWorkflow]:
    """The workflows that are published, by name, and which of them have a draft."""
    return mark_drafted(call, list_page(call, Workflow, project_id=project_id, limit=limit, cursor=cursor))


@router.get("/{id}", responses=faults(404, 409))
def get_workflow(call: Asked, identity: PathId) -> Workflow:
    """One workflow; the `ETag` is its revision."""
    return get_one(call, Workflow, identity)


@router.put("/{id}", responses=faults(404, 409))
def save_workflow(
    call: Asked, editor: Editor, identity: PathId, body: WorkflowBody, if_match: IfMatch = None
) -> Workflow:
    """Saves a workflow that there is.

    Somebody else's save since the `revision` in the body, or since `If-Match`, is a conflict.
    """
    return replace(call, editor, Workflow, identity, body, if_match)


@router.delete("/{id}", status_code=204, responses=faults(404, 409))
def delete_workflow(call: Asked, editor: Editor, identity: PathId, if_match: IfMatch = None) -> None:
    """Deletes a workflow; its runs go on, and its history stays."""
    delete(call, editor, Workflow, identity, if_match)


@router.get("/{id}/job", responses=faults(404, 409))
def get_workflow_job(call: Asked, identity: PathId) -> wire.WorkflowJob:
    """The workflow's Dagster job, and why a code location goes without it, if one does."""
    workflow = find_one(call.context, Workflow, identity)
    store = call.context.services.store
    return wire.WorkflowJob(name=get_job_name(store, workflow), problem=list_job_problems(store).get(workflow.id))


@router.get("/{id}/triggers", responses=faults(404, 409))
def list_workflow_triggers(call: Asked, identity: PathId, limit: Limit = 20) -> wire.PageOf[wire.TriggerHistory]:
    """What starts the workflow by itself, and what came of its last times and events: a run, or why there is none."""
    workflow = find_one(call.context, Workflow, identity)
    triggers = workflow.triggers
    named = zip(key_triggers(triggers), name_triggers(triggers), triggers, strict=True)
    with call.context.services.store.read() as connection:
        items = [
            wire.TriggerHistory(
                key=key,
                type=trigger.type,
                description=TRIGGER_SPECS[trigger.type].describe(trigger),
                name=name,
                enabled=trigger.enabled,
                outcomes=[
                    wire.TriggerOutcome.model_validate(vars(outcome))
                    for outcome in list_outcomes(connection, workflow.id, key, limit=limit)
                ],
            )
            for key, name, trigger in named
        ]
    return wire.PageOf[wire.TriggerHistory](items=items)


@router.get("/{id}/revisions", responses=faults(404))
def list_workflow_revisions(
    call: Asked, identity: PathId, limit: Limit = 50, cursor: Cursor = None
) -> wire.PageOf[wire.Revision]:
    """The history of a workflow, deleted or not, newest first."""
    return list_history(call, Kind.WORKFLOW, identity, limit, cursor)


@router.get("/{id}/revisions/{revision}", responses=faults(404, 409))
def get_workflow_revision(call: Asked, identity: PathId, revision: PathRevision) -> Workflow:
    """The workflow as it was saved in this revision."""
    return get_old(call, Workflow, identity, revision)


@router.post("/{id}/revisions/{revision}/restore", responses=faults(404, 409))
def restore_workflow(call: Asked, editor: Editor, identity: PathId, revision: PathRevision) -> Workflow:
    """Saves an older revision as a new one, also of a workflow that was deleted."""
    return restore(call, editor, Workflow, identity, revision)


@router.post("/validate")
def validate_workflow(call: Asked, body: AnyBody = None) -> wire.Validation:
    """What is wrong with a workflow, or with a whole document, and what its graphs repeat; nothing is saved."""
    if isinstance(body, dict) and "graph" not in body and not body.keys().isdisjoint(SECTIONS):
        document, issues = check_document(call.context, body)
    else:
        document, issues = check_entity(call.context, Kind.WORKFLOW, body, "new")
    repeats = [list_repeats(workflow) for workflow in document.workflows]
    return wire.Validation(issues=write_issues(issues), repeats=repeats)


@router.post("/schemas")
def describe_workflow(call: Asked, body: AnyBody = None, node_id: OneNode = None) -> wire.WorkflowSchemas:
    """What is known of the values in a workflow before it runs, whatever is wrong with it; nothing is saved.

    With `nodeId` of that node alone, and with all that its expressions may name.
    """
    return describe_nodes(call.context, body, node_id)


@router.post("/{id}/runs", status_code=201, responses=faults(404, 409))
def start_run(call: Asked, editor: Editor, identity: PathId, body: NewRunBody) -> wire.StartedRun:
    """Starts a run of the workflow as it is saved now; the answer does not wait for the run.

    Where as many runs are open as the workflow's `concurrency` allows, it waits for a place (`queue`), takes that of
    the oldest (`cancelOldest`), or is refused as a conflict that says why (`skip`).

    With `materialize` it makes a version of the workflow's asset, of one partition where it has some. While a person is
    asked for the same, and no input is given, nothing is started, and the answer names that run; `askAgain` starts one.
    """
    wanted = read_body(wire.NewRun, body)
    context = call.context
    workflow = find_one(context, Workflow, identity)
    location = context.workspace.find_code_location(workflow)
    run_input, makes = read_new_run(wanted)
    launch = prepare_launch(
        context.services,
        context.instance,
        workflow,
        run_input,
        launched_by=editor.name,
        location=location,
        makes=makes,
    )
    return answer_launched(call, launch)


@router.get("/{id}/runs", responses=faults(404))
def list_workflow_runs(
    call: Asked,
    identity: PathId,
    status: StatusFilter = None,
    waiting: WaitingFilter = None,
    has_failed: FailedFilter = None,
    has_caught: CaughtFilter = None,
    parent_run_id: ParentFilter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    max_chars: MaxValueChars = None,
) -> wire.PageOf[Run]:
    """The runs of a workflow, newest first."""
    wanted = RunFilter(identity, None, status or (), waiting, has_failed, has_caught, parent_run_id)
    page = list_shown_runs(call.context, wanted, limit, cursor, max_chars)
    if not page.items:
        list_revisions(call.context.services.store, Kind.WORKFLOW, identity, limit=1)
    return page
