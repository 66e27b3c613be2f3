"""Which runs make a version of an asset, and how its checks came out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, insert, select, true, update

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import CheckVerdict, RunStatus
from agentmesh_dagster.store.tables import materializations, runs


@dataclass(frozen=True)
class AssetLaunch:
    """What a run is to make, as it was asked for."""

    key: str  # of the asset: parts with `/` between them
    partition: str | None = None  # its key
    backfill_id: str | None = None  # Dagster's
    facade_id: str | None = None  # the Dagster run of which one step executes the run's first launch
    partition_facts: JsonValue = None  # context.partition: key, and start and end of a window
    upstream: JsonValue = None  # context.upstream, by key: the newest version of each asset that this one is made from


@dataclass(frozen=True)
class Materialization:
    """A run that makes a version of an asset."""

    run_id: str
    asked: AssetLaunch
    verdicts: Sequence[CheckVerdict] | None  # None: not all of its work is done


def insert_materialization(tx: Connection, run_id: str, asked: AssetLaunch) -> None:
    tx.execute(
        insert(materializations).values(
            run_id=run_id,
            asset_key=asked.key,
            partition=asked.partition,
            backfill_id=asked.backfill_id,
            facade_id=asked.facade_id,
            partition_facts=asked.partition_facts,
            upstream=asked.upstream,
        )
    )


def find_materialization(connection: Connection, run_id: str) -> Materialization | None:
    """None: the run makes no version of an asset."""
    return read_materializations(connection, [run_id]).get(run_id)


def read_materializations(connection: Connection, run_ids: Collection[str]) -> dict[str, Materialization]:
    """Those of the runs that make a version of an asset, by run."""
    query = select(materializations).where(materializations.c.run_id.in_(run_ids))
    return {
        row.run_id: Materialization(
            row.run_id,
            AssetLaunch(
                row.asset_key, row.partition, row.backfill_id, row.facade_id, row.partition_facts, row.upstream
            ),
            None if row.verdicts is None else [CheckVerdict.model_validate(verdict) for verdict in row.verdicts],
        )
        for row in connection.execute(query)
    }


@dataclass(frozen=True)
class Maker:
    """A run that has made a version of an asset."""

    run_id: str
    workflow_id: str
    revision: int  # that it was launched at
    partition: str | None


def find_newest_maker(connection: Connection, key: str, partition: str | None) -> Maker | None:
    """The run that made the newest version of an asset, or of its partition; None: there is no version."""
    return _find_newest(connection, key, materializations.c.partition.is_not_distinct_from(partition))


def find_any_maker(connection: Connection, key: str) -> Maker | None:
    """The run that made the newest version of an asset, of whichever partition; None: there is no version."""
    return _find_newest(connection, key, true())


def _find_newest(connection: Connection, key: str, condition: ColumnElement[bool]) -> Maker | None:
    succeeded = runs.c.status == RunStatus.SUCCEEDED.value
    query = (
        select(runs.c.id, runs.c.workflow_id, runs.c.revision, materializations.c.partition)
        .join(materializations, materializations.c.run_id == runs.c.id)
        .where(materializations.c.asset_key == key, condition, succeeded)
        .order_by(runs.c.finished_at.desc(), runs.c.id.desc())
    )
    row = connection.execute(query.limit(1)).one_or_none()
    return None if row is None else Maker(row.id, row.workflow_id, row.revision, row.partition)


def write_verdicts(tx: Connection, run_id: str, verdicts: Sequence[CheckVerdict]) -> None:
    """How the checks came out, in the transaction that ends the run."""
    written: list[JsonValue] = [verdict.to_wire() for verdict in verdicts]
    tx.execute(update(materializations).where(materializations.c.run_id == run_id).values(verdicts=written))
