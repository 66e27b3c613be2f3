"""Budgets: what model calls may use up, counted over all processes that make them.

A call is written down before it is made, with what it will use up at least and may at most, and again when it has
ended. One that would go beyond a budget is not made; one that may do so, together with those that have not ended, waits
for these. So a budget is exceeded by one call at most.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, case, delete, func, insert, select, update

from agentmesh_dagster.entities.budgets import Budget, BudgetUse
from agentmesh_dagster.entities.json_values import as_list, as_object
from agentmesh_dagster.errors import AgentMeshError, FaultCode
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.insert_new import insert_new
from agentmesh_dagster.store.tables import budgets, model_calls, runs


class BudgetExceeded(AgentMeshError):
    """A budget allows no more model calls."""

    code = FaultCode.BUDGET_EXCEEDED
    retryable = False


class PriceUnknown(AgentMeshError):
    """A budget in USD cannot hold for a model whose price is not known."""

    code = FaultCode.BUDGET_EXCEEDED
    retryable = False


@dataclass(frozen=True)
class NamedBudget:
    """A budget with the key under which it is counted."""

    key: str
    run_id: str | None  # None: of a project's day
    name: str
    budget: Budget


@dataclass(frozen=True)
class Use:
    """What a call uses up."""

    usd: float | None  # None: unknown
    tokens: int
    seconds: float = 0.0


@dataclass(frozen=True)
class NewCall:
    least: Use
    most: Use | None  # None: nobody can tell how long the answer is
    seconds: float  # until when somebody waits for its end


_LARGER = 2  # a call of unknown size is taken for so many times the largest one seen


def name_run_budget(run_id: str, key: str) -> str:
    """The key of a budget of a run."""
    return f"run/{run_id}/{key}"


def name_day_budget(project_id: str, moment: datetime) -> str:
    """The key of a project's budget on the day (UTC) of a moment."""
    return f"day/{project_id}/{moment:%Y-%m-%d}"


def add_budgets(tx: Connection, named: Sequence[NamedBudget]) -> list[str]:
    """Their keys; those that are not there yet are written down. A day has always the limits of its project now."""
    for one in named:
        limits = one.budget.model_dump(exclude_none=True)
        is_new = insert_new(tx, budgets, key=one.key, run_id=one.run_id, name=one.name, limits=limits)
        if not is_new and one.run_id is None:
            tx.execute(update(budgets).where(budgets.c.key == one.key).values(limits=limits))
    return [one.key for one in named]


def list_budget_keys(connection: Connection, run_id: str) -> list[str]:
    """The keys of the budgets of runs around this one toward which it counts."""
    found = connection.execute(select(runs.c.budget_keys).where(runs.c.id == run_id)).scalar_one_or_none()
    return [str(key) for key in as_list(found)]


def begin_call(tx: Connection, keys: Sequence[str], call: NewCall) -> str | None:
    """Writes a call down; its id, or None: it has to wait until others have ended.

    Raises BudgetExceeded, PriceUnknown.
    """
    # In the order of keys, as everybody locks them.
    rows = tx.execute(select(budgets).where(budgets.c.key.in_(keys)).order_by(budgets.c.key).with_for_update()).all()
    moment = now(tx)
    at_work = _count_at_work(tx, keys, moment)
    waits = False
    for row in rows:
        waits |= _Room(row, at_work.get(row.key, {})).must_wait(call)
    if waits:
        return None
    identity = uuid.uuid4().hex
    expires_at = moment + timedelta(seconds=call.seconds)
    for row in rows:
        most = _guess_most(row, call)
        tx.execute(
            insert(model_calls).values(
                budget_key=row.key,
                id=identity,
                usd=most.usd or 0.0,
                tokens=most.tokens,
                seconds=0.0,
                expires_at=expires_at,
            )
        )
    return identity


def end_call(tx: Connection, keys: Sequence[str], identity: str, use: Use | None) -> None:
    """Counts what a call has used up; None: nobody knows, and it counts with what it may have."""
    rows = tx.execute(select(budgets.c.key).where(budgets.c.key.in_(keys)).order_by(budgets.c.key).with_for_update())
    locked = [row.key for row in rows]
    begun = tx.execute(
        delete(model_calls)
        .where(model_calls.c.budget_key.in_(locked), model_calls.c.id == identity)
        .returning(model_calls.c.budget_key, model_calls.c.usd, model_calls.c.tokens)
    ).all()
    for row in begun:
        usd = row.usd if use is None or use.usd is None else use.usd
        tokens = row.tokens if use is None else use.tokens
        tx.execute(
            update(budgets)
            .where(budgets.c.key == row.budget_key)
            .values(
                usd=budgets.c.usd + usd,
                tokens=budgets.c.tokens + tokens,
                calls=budgets.c.calls + 1,
                seconds=budgets.c.seconds + (use.seconds if use else 0.0),
                largest_usd=_larger(budgets.c.largest_usd, usd),
                largest_tokens=_larger(budgets.c.largest_tokens, tokens),
            )
        )


def list_budget_uses(connection: Connection, run_id: str) -> list[BudgetUse]:
    """The budgets toward which calls of the run have counted, with what of them is used up."""
    keys = list_budget_keys(connection, run_id)
    query = select(budgets).where((budgets.c.run_id == run_id) | budgets.c.key.in_(keys)).order_by(budgets.c.key)
    return _read_uses(connection, connection.execute(query).all())


def find_day_use(connection: Connection, project_id: str) -> BudgetUse | None:
    """What of the project's budget is used up today (UTC); None: no call has counted toward one."""
    query = select(budgets).where(budgets.c.key == name_day_budget(project_id, now(connection)))
    return next(iter(_read_uses(connection, connection.execute(query).all())), None)


@dataclass(frozen=True)
class _Room:
    """What a budget has room for."""

    row: Row[Any]
    at_work: Mapping[bool, Any]  # by whether somebody waits for their end

    def must_wait(self, call: NewCall) -> bool:
        """Whether the call must wait for others. Raises BudgetExceeded, PriceUnknown."""
        limits = as_object(self.row.limits)
        live = self.at_work.get(True)
        most = _guess_most(self.row, call)
        waits = False
        for name, limit in limits.items():
            assert isinstance(limit, int | float)
            if name == "usd" and call.least.usd is None:
                raise PriceUnknown(f"{self.row.name} has one. Give the price in agentmesh.toml, or limit tokens")
            used, least = self._count_used(name), self._measure(call.least, name)
            if name == "calls":
                used += live.calls if live else 0
            if used >= limit or used + least > limit:
                raise BudgetExceeded(_explain(self.row.name, name, used, limit))
            if live is not None and name in ("usd", "tokens"):
                is_known = call.most is not None or getattr(self.row, f"largest_{name}") > 0
                held = float(getattr(live, name))
                waits |= not is_known or used + held + self._measure(most, name) > limit
        return waits

    def _count_used(self, name: str) -> float:
        """By calls that have ended, or of which nobody will hear any more."""
        lost = self.at_work.get(False)
        return float(getattr(self.row, name)) + (float(getattr(lost, name)) if lost else 0.0)

    @staticmethod
    def _measure(use: Use, name: str) -> float:
        return {"usd": use.usd or 0.0, "tokens": float(use.tokens), "calls": 1.0, "seconds": 0.0}[name]


def _guess_most(row: Row[Any], call: NewCall) -> Use:
    if call.most is not None:
        return call.most
    usd = max(call.least.usd or 0.0, row.largest_usd * _LARGER)
    return Use(usd, max(call.least.tokens, row.largest_tokens * _LARGER))


def _count_at_work(connection: Connection, keys: Sequence[str], moment: datetime) -> dict[str, dict[bool, Any]]:
    is_live = case((model_calls.c.expires_at > moment, True), else_=False)
    query = select(
        model_calls.c.budget_key,
        is_live.label("is_live"),
        func.count().label("calls"),
        func.sum(model_calls.c.usd).label("usd"),
        func.sum(model_calls.c.tokens).label("tokens"),
        func.sum(model_calls.c.seconds).label("seconds"),
    ).where(model_calls.c.budget_key.in_(keys))
    counted: dict[str, dict[bool, Any]] = {}
    for row in connection.execute(query.group_by(model_calls.c.budget_key, "is_live")):
        counted.setdefault(row.budget_key, {})[bool(row.is_live)] = row
    return counted


def _larger(column: Any, value: float) -> Any:
    return case((column < value, value), else_=column)


_UNITS = {"usd": "USD", "tokens": "tokens", "calls": "model calls", "seconds": "seconds of model calls"}


def _explain(whose: str, name: str, used: float, limit: float) -> str:
    return (
        f"{whose} has used {used:,.6g} of {limit:,.10g} {_UNITS[name]}. Raise `budget.{name}` and start a new run,"
        " or catch `budget_exceeded`"
    )


def _read_uses(connection: Connection, rows: Sequence[Row[Any]]) -> list[BudgetUse]:
    at_work = _count_at_work(connection, [row.key for row in rows], now(connection))
    uses: list[BudgetUse] = []
    for row in rows:
        lost, live = (at_work.get(row.key, {}).get(is_live) for is_live in (False, True))
        used = {name: getattr(row, name) + (getattr(lost, name) if lost else 0) for name in ("usd", "tokens", "calls")}
        uses.append(
            BudgetUse(
                name=row.name,
                budget=Budget.model_validate(row.limits),
                usd=round(float(used["usd"]), 9),
                tokens=int(used["tokens"]),
                calls=int(used["calls"]),
                seconds=round(row.seconds, 3),
                calls_at_work=live.calls if live else 0,
            )
        )
    return uses
