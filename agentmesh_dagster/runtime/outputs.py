"""Outputs: the value of the newest version of an asset, or of a part, for whoever goes on with it."""

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Kind, Workflow
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.errors import NotFound
from agentmesh_dagster.runtime.made import read_made
from agentmesh_dagster.runtime.plans import load_pinned_plan
from agentmesh_dagster.store import Connection, Store
from agentmesh_dagster.store.catalogue import AssetNotFound, find_asset_workflow, get_entity
from agentmesh_dagster.store.materializations import find_any_maker, find_newest_maker


class NotMade(NotFound):
    """There is no version of this asset."""


def read_output(store: Store, key: str, partition: str | None) -> JsonValue:
    """What the newest run that made this asset, or this partition of it, has given. Raises NotMade.

    `key` may be that of a part: then it is what the node gave in that run.
    """
    with store.read() as connection:
        whole = key if find_any_maker(connection, key) else _find_whole(store, key)
        maker = find_newest_maker(connection, whole, partition)
        if maker is None:
            raise NotMade(_explain(connection, key, whole, partition))
    plan = load_pinned_plan(store, maker.workflow_id, maker.revision)
    with store.read() as connection:
        made = read_made(connection, plan, maker.run_id)
    if made is None or key not in made.values:
        raise NotMade(f"{quote(key)}: the run `{maker.run_id}`, which made {quote(whole)}, did not come to this part")
    return made.values[key]


def _find_whole(store: Store, key: str) -> str:
    """The key of the asset of which it is a part. Raises NotMade."""
    try:
        workflow = get_entity(store, Kind.WORKFLOW, find_asset_workflow(store, key))
    except AssetNotFound as fault:
        raise NotMade(f"{quote(key)}: no workflow makes it") from fault
    assert isinstance(workflow, Workflow)
    assert workflow.asset is not None
    return workflow.asset.key


def _explain(connection: Connection, key: str, whole: str, partition: str | None) -> str:
    other = find_any_maker(connection, whole)
    if other is None:
        return f"{quote(key)}: no run has made it yet"
    if partition is None:
        return f"{quote(key)}: it has partitions, such as {quote(other.partition or '')}; say which"
    if other.partition is None:
        return f"{quote(key)}: it has no partitions; {quote(partition)} was asked for"
    return f"{quote(key)}: no run has made its partition {quote(partition)} yet"
