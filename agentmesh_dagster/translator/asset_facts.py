"""What a run that makes a version of an asset is told: its partition, and what it is made from."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from agentmesh_dagster.entities.assets import Asset
from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.errors import InvalidValue
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.store.materializations import AssetLaunch
from agentmesh_dagster.translator.asset_specs import build_partitions, list_upstream, read_key
from agentmesh_dagster.translator.dagster_internals import (
    BACKFILL_ID_TAG,
    IMPLICIT_ASSET_JOB_NAME,
    PARTITION_NAME_TAG,
    extract_data_version_from_entry,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)

ASSET_JOB = IMPLICIT_ASSET_JOB_NAME  # of this name is each launch of a job in its asset form


class InvalidPartition(InvalidValue):
    """The run needs a partition of its asset, so none was started."""


def read_asset_launch(plan: Plan, run: dg.DagsterRun, instance: dg.DagsterInstance) -> AssetLaunch | None:
    """What a Dagster run is to make; None: nothing. Raises InvalidPartition."""
    asset = plan.workflow.asset
    if asset is None or run.job_name != ASSET_JOB:
        return None
    return find_asset_launch(
        asset, instance, run.tags.get(PARTITION_NAME_TAG), backfill_id=run.tags.get(BACKFILL_ID_TAG)
    )


def find_asset_launch(
    asset: Asset, instance: dg.DagsterInstance, partition: str | None, *, backfill_id: str | None = None
) -> AssetLaunch:
    """What a run is to make, with the newest versions of what that is made from. Raises InvalidPartition for one that
    is missing, or too much; whether there is one of this key, `check_partition` says.
    """
    facts = _describe_partition(asset, partition)
    upstream = {key: _find_newest(instance, key, partition) for key in list_upstream(asset)}
    return AssetLaunch(asset.key, partition, backfill_id, partition_facts=facts, upstream=upstream)


def write_asset_tags(asked: AssetLaunch) -> dict[str, str]:
    """The tags by which Dagster knows the partition that a run makes, and the backfill that asked for it."""
    tags = {PARTITION_NAME_TAG: asked.partition, BACKFILL_ID_TAG: asked.backfill_id}
    return {name: text for name, text in tags.items() if text is not None}


def check_partition(asset: Asset, instance: dg.DagsterInstance, partition: str | None) -> None:
    """Raises InvalidPartition for a key that Dagster does not have."""
    partitions = build_partitions(asset.partitions)
    if partitions is not None and partition is not None:
        with dg.partition_loading_context(dynamic_partitions_store=instance):
            if not partitions.has_partition_key(partition):
                raise InvalidPartition(f"`{asset.key}` has no partition {quote(partition)}")


def _describe_partition(asset: Asset, partition: str | None) -> JsonValue:
    partitions = build_partitions(asset.partitions)
    if partitions is None:
        if partition is not None:
            raise InvalidPartition(f"`{asset.key}` has no partitions; {quote(partition)} was given")
        return None
    if partition is None:
        raise InvalidPartition(f"`{asset.key}` has partitions; say which")
    if not isinstance(partitions, dg.TimeWindowPartitionsDefinition):
        return {"key": partition}
    window = partitions.time_window_for_partition_key(partition)
    return {"key": partition, "start": window.start.isoformat(), "end": window.end.isoformat()}


def _find_newest(instance: dg.DagsterInstance, key: str, partition: str | None) -> JsonValue:
    """The newest version of an asset, of the same partition where it has one; None: there is none yet."""
    asset_key = read_key(key)
    same = dg.AssetRecordsFilter(asset_key=asset_key, asset_partitions=[partition]) if partition else None
    for wanted in (same, asset_key):
        found = instance.fetch_materializations(wanted, limit=1).records if wanted else ()
        if found:
            return _describe_version(found[0])
    return None


def _describe_version(record: dg.EventLogRecord) -> JsonValue:
    entry, made = record.event_log_entry, record.asset_materialization
    assert made is not None
    version = extract_data_version_from_entry(entry)
    described: dict[str, JsonValue] = {
        "runId": entry.run_id,
        "timestamp": datetime.fromtimestamp(entry.timestamp, UTC).isoformat(),
        "metadata": {name: read_metadata(value) for name, value in made.metadata.items()},
        "dataVersion": version.value if version else None,
        "eventId": record.storage_id,
    }
    return described if made.partition is None else {**described, "partition": made.partition}


def read_metadata(value: dg.MetadataValue[Any]) -> JsonValue:
    """A value that stands beside a version of an asset, as JSON."""
    found: Any = value.value
    if isinstance(value, dg.JsonMetadataValue):
        return found
    return found if isinstance(found, str | int | float | bool | None) else str(found)


def write_input_tags(upstream: JsonValue) -> dict[str, str]:
    """Tags that say from which versions an asset was made: those at the launch, not those of today."""
    tags: dict[str, str] = {}
    for key, version in as_object(upstream).items():
        facts = as_object(version)
        if facts.get("dataVersion") is not None:
            tags[get_input_data_version_tag(read_key(key))] = str(facts["dataVersion"])
            tags[get_input_event_pointer_tag(read_key(key))] = str(facts["eventId"])
    return tags


def derive_input(schema: JsonObject | None, asked: AssetLaunch) -> dict[str, JsonValue]:
    """The input of a run that was given none: of `partition` and `upstream` what there is and the inputSchema knows."""
    found: dict[str, JsonValue] = {"partition": asked.partition_facts, "upstream": asked.upstream}
    known = None if schema is None else as_object(schema.get("properties"))
    return {name: value for name, value in found.items() if value and (known is None or name in known)}
