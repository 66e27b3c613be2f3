"""Spending: the model calls of a step count toward the budgets around it, and are made only as far as these allow."""

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

from agentmesh_dagster.entities.budgets import Budget
from agentmesh_dagster.entities.json_values import write_json
from agentmesh_dagster.entities.models import Kind, Project
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.graph.budgets import RunBudget, list_run_budgets
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.providers.chat import ChatReply, ChatRequest, Usage
from agentmesh_dagster.providers.errors import ProviderError
from agentmesh_dagster.providers.prices import Seller, estimate_cost
from agentmesh_dagster.store import Connection, Store
from agentmesh_dagster.store.budgets import (
    NamedBudget,
    NewCall,
    Use,
    add_budgets,
    begin_call,
    end_call,
    list_budget_keys,
    name_day_budget,
    name_run_budget,
)
from agentmesh_dagster.store.catalogue import EntityNotFound, get_entity
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.runs import RunHead, lock_run

_CHARACTERS_PER_TOKEN = (8, 2)  # at most, at least
_SECONDS_BEHIND_DEADLINE = 60.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 1.0


@dataclass
class Call:
    """A model call that has begun."""

    reply: ChatReply | None = None  # to be set when it has come


@dataclass(frozen=True)
class Spending:
    """What model calls count toward: budgets of the run, of what it is part of, and of the project's day."""

    store: Store
    project_id: str
    run_id: str | None = None  # None: a trial, which belongs to no run
    own: Sequence[RunBudget] = ()  # of the run

    @contextmanager
    def count(self, seller: Seller, request: ChatRequest) -> Generator[Call]:
        """Around a model call; waits until there is room for it. Raises BudgetExceeded, PriceUnknown."""
        call = Call()
        if not (self._around or self.own or self._daily):
            yield call
            return
        keys, identity = self._begin(_estimate(seller, request), request.deadline)
        started = time.monotonic()
        use: Use | None = None
        try:
            yield call
            if call.reply is not None:
                use = _read_use(seller, call.reply.usage, time.monotonic() - started)
        except ProviderError as fault:
            if fault.usage is not None:  # it is no answer, and was paid for
                use = _read_use(seller, fault.usage, time.monotonic() - started)
            elif fault.status is not None and fault.status >= 400:  # refused, and so it cost nothing
                use = Use(0.0, 0, time.monotonic() - started)
            raise
        finally:
            with self.store.begin() as tx:
                end_call(tx, keys, identity, use)

    def _begin(self, call: NewCall, deadline: float) -> tuple[list[str], str]:
        of_runs = [*self._around, *self._own_keys]
        daily, pause = self._daily, _FIRST_PAUSE_SECONDS
        while True:
            with self.store.begin() as tx:
                keys = of_runs if daily is None else [*of_runs, self._add_day(tx, daily)]
                left = max(0.0, deadline - time.monotonic())
                identity = begin_call(tx, keys, replace(call, seconds=left + _SECONDS_BEHIND_DEADLINE))
            if identity is not None:
                return keys, identity
            time.sleep(min(pause, left))  # the attempt ends at the deadline
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)

    @cached_property
    def _around(self) -> list[str]:
        if self.run_id is None:
            return []
        with self.store.read() as connection:
            return list_budget_keys(connection, self.run_id)

    @cached_property
    def _own_keys(self) -> list[str]:
        if self.run_id is None or not self.own:
            return []
        with self.store.begin() as tx:
            lock_run(tx, self.run_id)  # first, as everybody does: a row of a budget points at it
            return add_run_budgets(tx, self.run_id, self.own)

    def _add_day(self, tx: Connection, daily: Budget) -> str:
        moment = now(tx)
        name = f"the project's day {moment:%Y-%m-%d} (UTC)"
        [key] = add_budgets(tx, [NamedBudget(name_day_budget(self.project_id, moment), None, name, daily)])
        return key

    @cached_property
    def _daily(self) -> Budget | None:
        try:
            project = get_entity(self.store, Kind.PROJECT, self.project_id)
        except EntityNotFound:  # deleted since, or the default one, which need not be there
            return None
        return project.daily_budget if isinstance(project, Project) else None


def add_run_budgets(tx: Connection, run_id: str, found: Sequence[RunBudget]) -> list[str]:
    """The keys of budgets of a run, which the caller has locked; they are written down where they are not yet."""
    named = [NamedBudget(name_run_budget(run_id, one.key), run_id, one.name, one.budget) for one in found]
    return add_budgets(tx, named)


def spend_in_run(store: Store, plan: Plan, run: RunHead, address: Address) -> Spending:
    """What the model calls of a step count toward."""
    return Spending(store, run.project_id, run.id, list_run_budgets(plan, address))


def _estimate(seller: Seller, request: ChatRequest) -> NewCall:
    characters = sum(len(message.text) for message in request.messages)
    fewest, most_input = (characters // each for each in _CHARACTERS_PER_TOKEN)
    least = Use(_compute_cost(seller, request.model, fewest, 0), fewest)
    if request.max_tokens is None:
        return NewCall(least, None, 0.0)
    most_input += sum(len(write_json(tool.input_schema)) + len(tool.description) for tool in request.tools)
    usd = _compute_cost(seller, request.model, most_input, request.max_tokens)
    return NewCall(least, Use(usd, most_input + request.max_tokens), 0.0)


def _read_use(seller: Seller, usage: Usage, seconds: float) -> Use:
    usd = 0.0 if usage.cost_usd is None and seller.is_own_server else usage.cost_usd
    return Use(usd, usage.input_tokens + usage.output_tokens, seconds)


def _compute_cost(seller: Seller, model: str, input_tokens: int, output_tokens: int) -> float | None:
    cost = estimate_cost(seller, model, input_tokens, output_tokens)
    return 0.0 if cost is None and seller.is_own_server else cost
