"""What models were asked for over time, and what it cost."""

from datetime import date
from typing import Annotated, Literal

from fastapi import Query

from agentmesh_dagster import wire
from agentmesh_dagster.api.requests import Asked, Cursor, Limit, ProjectFilter, WorkflowFilter, build_router
from agentmesh_dagster.store.sums import UseFilter, page_use

router = build_router("/usage", "usage")

By = Annotated[
    list[Literal["day", "project", "workflow", "model"]], Query(min_length=1, description="What sums are made for.")
]
Since = Annotated[date | None, Query(description="From this day on (UTC).")]
Until = Annotated[date | None, Query(description="Up to this day (UTC).")]


@router.get("")
def list_usage(
    call: Asked,
    by: By = ["day"],  # noqa: B006 FastAPI copies it
    project_id: ProjectFilter = None,
    workflow_id: WorkflowFilter = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> wire.PageOf[wire.ModelUse]:
    """Calls of models, tokens and USD, by day unless said otherwise, the newest first; runs that were deleted too."""
    wanted = UseFilter(project_id, workflow_id, since, until)
    with call.context.services.store.read() as connection:
        page = page_use(connection, by, wanted, limit=limit, cursor=cursor)
    items = [wire.ModelUse.model_validate(vars(use)) for use in page.items]
    return wire.PageOf[wire.ModelUse](items=items, next_cursor=page.next_cursor)
