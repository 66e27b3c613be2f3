"""Which workflow makes which asset, as of any catalogue revision."""

import json
from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, Subquery, or_, select

from agentmesh_dagster.entities.json_values import JsonValue, as_object, write_json
from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.errors import NotFound
from agentmesh_dagster.store.catalogue.entries import live_entities
from agentmesh_dagster.store.engine import Store


class AssetNotFound(NotFound):
    """No workflow makes an asset of this key."""


def list_asset_workflows(store: Store, *, at: int | None = None, projects: Collection[str] | None = None) -> list[str]:
    """The ids of the workflows that say of an asset what it is, at catalogue revision `at` (now, unless given).

    Reads no document, so a broken one keeps its place in the list. `projects` keeps those of these projects (ids).
    """
    live = live_entities(Kind.WORKFLOW, at=at)
    query = select(live.c.id).where(_has_asset(live)).order_by(live.c.id)
    if projects is not None:
        query = query.where(live.c.project_id.in_(list(projects)))
    with store.read() as connection:
        return list(connection.execute(query).scalars())


def find_asset_workflow(store: Store, key: str, *, at: int | None = None) -> str:
    """The id of the workflow that makes the asset, or it as a part of its own; AssetNotFound."""
    with store.read() as connection:
        makers = find_makers(connection, [key], at=at)
    if key not in makers:
        raise AssetNotFound(f"`{key}`")
    return makers[key][0]


def find_makers(connection: Connection, keys: Collection[str], *, at: int | None = None) -> dict[str, list[str]]:
    """For each of these keys that is made, as a whole or as a part, the ids of the workflows that make it."""
    live = live_entities(Kind.WORKFLOW, at=at)
    # The text narrows the search down; only what is read decides.
    written = [live.c.document.contains(f'"key":{write_json(key)}', autoescape=True) for key in keys]
    query = select(live.c.id, live.c.document).where(_has_asset(live), or_(*written)).order_by(live.c.id)
    found: dict[str, list[str]] = {}
    for row in connection.execute(query) if written else ():
        for key in {*keys}.intersection(_read_keys(row.document)):
            found.setdefault(key, []).append(row.id)
    return found


def _has_asset(live: Subquery) -> ColumnElement[bool]:
    return live.c.document.contains('"asset":{', autoescape=True)


def _read_keys(document: str) -> list[str]:
    """The keys of what a workflow makes, from its stored text, be the rest of it broken or not."""
    asset = as_object(as_object(json.loads(document)).get("asset"))
    made: list[JsonValue] = [asset, *as_object(asset.get("parts")).values()]
    return [str(as_object(one).get("key")) for one in made]
