"""Which live workflows say that they make an asset."""

import json
from collections.abc import Collection

from sqlalchemy import Connection, or_, select

from agentmesh_dagster.entities.json_values import JsonValue, as_object, write_json
from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.store.catalogue.entries import live_entities


def find_makers(connection: Connection, keys: Collection[str]) -> dict[str, list[str]]:
    """For each of these keys that is made, as a whole or as a part, the ids of the workflows that make it."""
    live = live_entities(Kind.WORKFLOW)
    # The text narrows the search down; only what is read decides.
    written = [live.c.document.contains(f'"key":{write_json(key)}', autoescape=True) for key in keys]
    query = select(live.c.id, live.c.document).where(live.c.document.contains('"asset":{', autoescape=True))
    found: dict[str, list[str]] = {}
    for row in connection.execute(query.where(or_(*written)).order_by(live.c.id)) if written else ():
        for key in {*keys}.intersection(list_keys(row.document)):
            found.setdefault(key, []).append(row.id)
    return found


def list_keys(document: str) -> list[str]:
    """The keys of what a workflow makes, from its stored text, be the rest of it broken or not."""
    asset = as_object(as_object(json.loads(document)).get("asset"))
    made: list[JsonValue] = [asset, *as_object(asset.get("parts")).values()]
    return [str(as_object(one).get("key")) for one in made]
