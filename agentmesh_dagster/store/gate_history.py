"""Gate history: how a gate was asked, and closed, before it was asked anew."""

from collections.abc import Collection

from sqlalchemy import Connection, case, delete, func, insert, literal, select

from agentmesh_dagster.entities.gates import Asking
from agentmesh_dagster.store.tables import gate_history, gates, waits

_COLUMNS = [column for column in gate_history.c if column.name not in ("step_id", "position")]
_ASKED = {  # how a gate stands, by the names that its history has for it
    **{column.name: column for column in gates.c},
    "state": case((waits.c.state == "closed", "answered"), else_=waits.c.state),
    "opened_at": waits.c.opened_at,
    "deadline_at": waits.c.due_at,
    "answered_by": waits.c.closed_by,
    "answered_at": waits.c.closed_at,
}


def keep_past_asking(tx: Connection, step_id: str) -> None:
    """Moves how the step's gate was asked last, if it was, into its history."""
    position = select(func.count()).where(gate_history.c.step_id == step_id).scalar_subquery()
    asked = select(literal(step_id), position, *(_ASKED[column.name] for column in _COLUMNS))
    asked = asked.join_from(gates, waits, waits.c.step_id == gates.c.step_id).where(gates.c.step_id == step_id)
    names = ["step_id", "position", *(column.name for column in _COLUMNS)]
    tx.execute(insert(gate_history).from_select(names, asked))
    tx.execute(delete(gates).where(gates.c.step_id == step_id))


def read_history(connection: Connection, step_ids: Collection[str]) -> dict[str, list[Asking]]:
    """How these gates were asked before, oldest first, by step id; one that was asked once is left out."""
    query = select(gate_history).where(gate_history.c.step_id.in_(step_ids))
    found: dict[str, list[Asking]] = {}
    for row in connection.execute(query.order_by(gate_history.c.step_id, gate_history.c.position)).mappings():
        values = {name: row[name] for name in Asking.model_fields if name != "deadline"}
        found.setdefault(row["step_id"], []).append(Asking(**values, deadline=row["deadline_at"]))
    return found
