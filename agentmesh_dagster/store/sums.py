"""Sums over all runs, as they are asked for: in all, and by day."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from agentmesh_dagster.store.tables import model_use, step_failures

_NUMBERS = ("calls", "failures", "input_tokens", "output_tokens", "usd")


@dataclass(frozen=True)
class ModelUse:
    """What a workflow asked a model for."""

    workflow_id: str
    provider: str
    model: str
    calls: int
    failures: int
    input_tokens: int
    output_tokens: int
    usd: float


def list_model_use(connection: Connection, *, limit: int) -> Sequence[ModelUse]:
    """Since ever; those that were first asked, so that one which is listed once is listed for ever."""
    place = (model_use.c.workflow_id, model_use.c.provider, model_use.c.model)
    query = select(*place, *(func.sum(model_use.c[name]).label(name) for name in _NUMBERS)).group_by(*place)
    rows = connection.execute(query.order_by(func.min(model_use.c.day), *place).limit(limit))
    return [
        ModelUse(*row[:3], *(int(number) for number in row[3:-1]), usd=float(row[-1]))  # a sum may be a Decimal
        for row in rows
    ]


def list_step_failures(connection: Connection, *, limit: int) -> Sequence[tuple[str, str, int]]:
    """Workflow, code, and how many steps failed so since ever; those that were first."""
    place = (step_failures.c.workflow_id, step_failures.c.code)
    query = select(*place, func.sum(step_failures.c.steps)).group_by(*place)
    rows = connection.execute(query.order_by(func.min(step_failures.c.day), *place).limit(limit))
    return [(row[0], row[1], int(row[2])) for row in rows]
