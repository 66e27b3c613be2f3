"""New versions of assets: what Dagster has noted since the last look is taken over for the triggers that wait for it.

Dagster knows each by an id that only grows, but what is written at the same moment may show in another order. So a look
begins a minute behind the newest that the one before had seen; what was taken over already is known by its own id.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.asset_arrivals import ArrivedVersion, find_last_version, receive_versions
from agentmesh_dagster.translator.asset_facts import read_metadata
from agentmesh_dagster.translator.asset_specs import read_key
from agentmesh_dagster.translator.dagster_runs import read_instance_id

_AT_ONCE = 200
_SETTLED_AFTER = timedelta(minutes=1)  # then nothing older comes to light any more


def take_over_versions(
    services: Services, instance: dg.DagsterInstance, workflow_id: str, trigger: str, key: str, since: datetime
) -> None:
    """Notes each version of the asset that was made since that moment, and that the trigger has not been given yet."""
    instance_id = read_instance_id(instance)
    with services.store.read() as connection:
        last = find_last_version(connection, workflow_id, trigger, instance_id)
    for page in _list_versions(instance, key, last, since):
        is_settled = datetime.now(UTC) - _SETTLED_AFTER
        settled = [version.number for version in page if version.made_at < is_settled]
        with services.store.begin() as tx:
            receive_versions(tx, workflow_id, trigger, instance_id, page, looked_to=max(settled, default=None))


def _list_versions(
    instance: dg.DagsterInstance, key: str, last: int | None, since: datetime
) -> Iterator[list[ArrivedVersion]]:
    """In pages, in the order of their ids."""
    while True:
        wanted = dg.AssetRecordsFilter(
            asset_key=read_key(key), after_storage_id=last, after_timestamp=since.timestamp()
        )
        found = instance.fetch_materializations(wanted, limit=_AT_ONCE, ascending=True).records
        if found:
            yield [_read(key, record) for record in found]
            last = found[-1].storage_id
        if len(found) < _AT_ONCE:
            return


def _read(key: str, record: dg.EventLogRecord) -> ArrivedVersion:
    made = record.asset_materialization
    assert made is not None
    moment = datetime.fromtimestamp(record.event_log_entry.timestamp, UTC)
    metadata: dict[str, JsonValue] = {name: read_metadata(value) for name, value in made.metadata.items()}
    event: dict[str, JsonValue] = {
        "key": key,
        "partition": made.partition,
        "runId": record.event_log_entry.run_id or None,  # none: somebody only reported it
        "timestamp": moment.isoformat(),
        "metadata": metadata,
    }
    return ArrivedVersion(record.storage_id, moment, event)
