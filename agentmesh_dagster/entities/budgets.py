"""Budgets: how much the model calls of a node, of a run or of a project's day may use up."""

from typing import Self

from pydantic import Field, model_validator

from agentmesh_dagster.entities.bounds import MaxCalls, MaxSeconds, MaxSpentTokens, MaxUsd
from agentmesh_dagster.entities.entity import Entity


class Budget(Entity):
    """At most so much; what is left out has no limit."""

    usd: MaxUsd | None = Field(
        default=None, title="US dollars", description="What the model calls may cost, where the price is known."
    )
    tokens: MaxSpentTokens | None = Field(
        default=None, title="Tokens", description="Tokens in and out, cached ones included."
    )
    calls: MaxCalls | None = Field(default=None, title="Model calls", description="How many model calls are made.")
    seconds: MaxSeconds | None = Field(
        default=None, title="Seconds", description="How long all model calls together may take."
    )

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if not self.limits:
            raise ValueError("limits nothing: give usd, tokens, calls or seconds")
        return self

    @property
    def limits(self) -> dict[str, float]:
        """What is limited, by name."""
        named = {"usd": self.usd, "tokens": self.tokens, "calls": self.calls, "seconds": self.seconds}
        return {name: limit for name, limit in named.items() if limit is not None}


class BudgetUse(Entity):
    """A budget, and what of it is used up."""

    name: str = Field(description="Whose it is, in words: the run, a node, a project's day.")
    budget: Budget
    usd: float = Field(description="Of calls that have ended; one whose end nobody saw counts with what it may cost.")
    tokens: int
    calls: int
    seconds: float
    calls_at_work: int = Field(description="Calls that have not ended, which stand in none of the figures before.")
