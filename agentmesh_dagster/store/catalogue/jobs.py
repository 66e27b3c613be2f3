"""The names of the workflows' jobs: made once from a workflow's name, kept for ever."""

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, and_, insert, select

from agentmesh_dagster.entities.models import Kind, Workflow
from agentmesh_dagster.errors import NotFound
from agentmesh_dagster.graph.names import safe_name
from agentmesh_dagster.store.catalogue.entries import live_entities
from agentmesh_dagster.store.engine import Store
from agentmesh_dagster.store.tables import job_names


class JobNotFound(NotFound):
    """No workflow has, or had, a job of this name."""


def name_jobs(tx: Connection, workflows: Iterable[Workflow]) -> None:
    """Gives each workflow a job name for its present name; one that it had under this name before is kept."""
    rows = tx.execute(select(job_names.c.job_name, job_names.c.workflow_id, job_names.c.name)).all()
    taken = {row.job_name for row in rows}
    known = {(row.workflow_id, row.name) for row in rows}
    for workflow in workflows:
        if (workflow.id, workflow.name) not in known:
            job_name = safe_name(workflow.name, taken)
            taken.add(job_name)
            tx.execute(insert(job_names).values(job_name=job_name, workflow_id=workflow.id, name=workflow.name))


def list_job_names(
    store: Store, *, at: int | None = None, with_triggers: bool = False, projects: Collection[str] | None = None
) -> dict[str, str]:
    """Job name → workflow id of each workflow that lives at catalogue revision `at` (now, unless given).

    Reads no document, so a broken one keeps its place in the list. `with_triggers` keeps those that have some,
    `projects` those of these projects (ids).
    """
    live = live_entities(Kind.WORKFLOW, at=at)
    query = (
        select(job_names.c.job_name, live.c.id)
        .join(live, and_(job_names.c.workflow_id == live.c.id, job_names.c.name == live.c.name))
        .order_by(job_names.c.job_name)
    )
    if with_triggers:
        query = query.where(live.c.document.contains('"triggers":[{', autoescape=True))
    if projects is not None:
        query = query.where(live.c.project_id.in_(list(projects)))
    with store.read() as connection:
        return {row.job_name: row.id for row in connection.execute(query)}


def find_job(store: Store, job_name: str) -> str:
    """The id of the workflow whose job it is, deleted or not; raises JobNotFound."""
    with store.read() as connection:
        found = connection.execute(
            select(job_names.c.workflow_id).where(job_names.c.job_name == job_name)
        ).scalar_one_or_none()
    if found is None:
        raise JobNotFound(f"`{job_name}`")
    return found


def get_job_name(store: Store, workflow: Workflow) -> str:
    """The name of a stored workflow's job; raises JobNotFound."""
    with store.read() as connection:
        found = connection.execute(
            select(job_names.c.job_name).where(
                job_names.c.workflow_id == workflow.id, job_names.c.name == workflow.name
            )
        ).scalar_one_or_none()
    if found is None:
        raise JobNotFound(f"of workflow `{workflow.id}`")
    return found
