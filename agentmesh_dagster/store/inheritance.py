"""Inheritance: the steps that a new run has from another one, which did their work, or from whoever forked it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import StepStatus
from agentmesh_dagster.graph.address import Address, read_address
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.steps import read_state, step_id
from agentmesh_dagster.store.tables import steps


@dataclass(frozen=True)
class EditedStep:
    """A step whose output was given by whoever forked its run."""

    id: str
    address: Address
    output: JsonValue
    by: str
    from_run_id: str  # in which it had another output, or none


def inherit_steps(
    tx: Connection,
    from_run_id: str,
    to_run_id: str,
    kept: Collection[Address],
    *,
    edited: Mapping[Address, JsonValue],
    edited_by: str | None,
) -> None:
    """Gives a new run these steps of another run, as far as they have ended well, outputs included.

    Those that are `edited` have succeeded with that output, whatever became of them there.
    """
    wanted = {*kept, *edited}
    found = [dict(row) for row in tx.execute(select(steps).where(steps.c.run_id == from_run_id)).mappings()]
    rows = {address: row for row in found if (address := read_address(row["node_id"], row["path"])) in wanted}
    ids: dict[str, str] = {row["id"]: step_id(to_run_id, address) for address, row in rows.items()}
    inherited: dict[frozenset[str], list[dict[str, Any]]] = {}  # by the columns that have a value
    for address, row in rows.items():
        changed: dict[str, Any] = {
            "id": ids[row["id"]],
            "run_id": to_run_id,
            "taken_from_run_id": row["taken_from_run_id"] or from_run_id,
            "parent_step_ids": [ids.get(parent, parent) for parent in row["parent_step_ids"]],
        }
        if address in edited:
            changed |= {"status": StepStatus.SUCCEEDED.value, "error": None, "edited_by": edited_by}
            changed |= {"code": None, "taken": None, "used_fallback": False}
            changed |= {"finished_at": now(tx), "owner": None, "lease_expires_at": None}
        elif not read_state(row).has_ended_well:
            continue
        given = {name: value for name, value in {**row, **changed}.items() if value is not None}
        if address in edited:
            given["output"] = edited[address]
        inherited.setdefault(frozenset(given), []).append(given)
    for group in inherited.values():
        tx.execute(insert(steps), group)


def list_inherited(connection: Connection, run_id: str) -> list[tuple[str, Address]]:
    """The steps of a run that others have done: the run that did the work, and which step it was there."""
    query = select(steps.c.taken_from_run_id, steps.c.node_id, steps.c.path).where(
        steps.c.run_id == run_id, steps.c.taken_from_run_id.is_not(None)
    )
    return [(row.taken_from_run_id, read_address(row.node_id, row.path)) for row in connection.execute(query)]


def list_edited(connection: Connection, run_id: str) -> list[EditedStep]:
    """The steps of a run whose output was given by whoever forked it."""
    query = select(steps).where(steps.c.run_id == run_id, steps.c.edited_by.is_not(None))
    return [
        EditedStep(
            row.id, read_address(row.node_id, row.path), row.output, row.edited_by, row.taken_from_run_id or run_id
        )
        for row in connection.execute(query.order_by(steps.c.node_id, steps.c.path))
    ]
