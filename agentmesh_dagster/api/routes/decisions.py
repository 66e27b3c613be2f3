"""Decisions: every answer to a gate, as pages or as a table."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import AwareDatetime
from starlette.responses import StreamingResponse

from agentmesh_dagster import wire
from agentmesh_dagster.api.requests import Asked, Cursor, Limit, ProjectFilter, WorkflowFilter, build_router
from agentmesh_dagster.entities.decisions import Decision, write_csv
from agentmesh_dagster.entities.json_values import write_json
from agentmesh_dagster.store.decisions import DecisionFilter, iterate_decisions, page_decisions

router = build_router("/decisions", "decisions")

_CSV, _LINES = "text/csv", "application/x-ndjson"
_TABLES: dict[int | str, Any] = {
    200: {"content": {media_type: {"schema": {"type": "string"}} for media_type in (_CSV, _LINES)}}
}

AssetFilter = Annotated[str | None, Query(max_length=4_000, description="Key of the asset that the run makes.")]
ByFilter = Annotated[str | None, Query(max_length=255, description="Who answered.")]
Since = Annotated[AwareDatetime | None, Query(description="Answered at this moment or later.")]
Until = Annotated[AwareDatetime | None, Query(description="Answered before this moment.")]


@router.get("", response_model=wire.PageOf[Decision], responses=_TABLES)
def list_decisions(
    call: Asked,
    project_id: ProjectFilter = None,
    workflow_id: WorkflowFilter = None,
    asset: AssetFilter = None,
    by: ByFilter = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response | wire.PageOf[Decision]:
    """Every answer to a gate, newest first; with `Accept: text/csv` or `application/x-ndjson` all of them at once."""
    wanted = DecisionFilter(project_id, workflow_id, asset, by, since, until)
    store = call.context.services.store
    accepted = [part.split(";")[0].strip() for part in call.request.headers.get("accept", "").split(",")]
    if _CSV in accepted:
        return _send(write_csv(iterate_decisions(store, wanted)), _CSV)
    if _LINES in accepted:
        return _send(_write_lines(iterate_decisions(store, wanted)), _LINES)
    with store.read() as connection:
        page = page_decisions(connection, wanted, limit=limit, cursor=cursor)
    return wire.PageOf[Decision](items=list(page.items), next_cursor=page.next_cursor)


def _write_lines(decisions: Iterable[Decision]) -> Iterator[str]:
    return (write_json(decision.to_wire()) + "\n" for decision in decisions)


def _send(lines: Iterator[str], media_type: str) -> StreamingResponse:
    return StreamingResponse(lines, media_type=media_type, headers={"Cache-Control": "no-store"})
