"""Rows of gates as tests look at them: what was asked and answered, beside the wait that it was asked in."""

from typing import Any

from sqlalchemy import Select, case, select

from agentmesh_dagster.store.tables import gates, steps, waits

_OF_WAIT = (
    waits.c.run_id,
    waits.c.launch_id,
    waits.c.opened_at,
    case((waits.c.state == "closed", "answered"), else_=waits.c.state).label("state"),
    waits.c.due_at.label("deadline_at"),
    waits.c.closed_by.label("answered_by"),
    waits.c.closed_at.label("answered_at"),
)


def select_gates() -> Select[Any]:
    """All gates, with the node of their step."""
    joined = gates.join(waits, waits.c.step_id == gates.c.step_id).join(steps, steps.c.id == gates.c.step_id)
    return select(gates, *_OF_WAIT, steps.c.node_id, steps.c.path).select_from(joined)
