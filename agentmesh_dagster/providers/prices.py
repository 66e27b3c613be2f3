"""What models cost, where it is known: list prices of 22 November 2026 in US dollars per million tokens.

Sources: the providers' price pages (developers.openai.com/api/docs/pricing, platform.claude.com, "Pricing").
Standard service tier; a discount or surcharge that an account has is not known here.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens."""

    input: float
    output: float
    cached_input: float
    up_to: int | None = None  # input tokens of one call; a longer one has another price, which is not kept here


# Anthropic's long-context price equals its normal one, except for Haiku 5.5.
PRICES: dict[str, Price] = {
    "claude-fable-5": Price(10, 50, 1),
    "claude-fable-5-1": Price(10, 50, 0.25),
    "claude-haiku-4-5": Price(1, 5, 0.1),
    "claude-haiku-5-5": Price(0.1, 0.5, 0.01, up_to=100_000),
    "claude-opus-4-5": Price(5, 25, 0.5),
    "claude-opus-4-6": Price(5, 25, 0.5),
    "claude-opus-4-7": Price(5, 25, 0.5),
    "claude-opus-4-8": Price(5, 25, 0.5),
    "claude-opus-5": Price(5, 25, 0.5),
    "claude-opus-5-5": Price(4, 20, 0.2),
    "claude-sonnet-4-5": Price(3, 15, 0.3),
    "claude-sonnet-4-6": Price(3, 15, 0.3),
    "claude-sonnet-5": Price(2, 10, 0.2),
    "claude-sonnet-5-5": Price(2, 10, 0.1),
    "gpt-4.1": Price(2, 8, 0.5),
    "gpt-4.1-mini": Price(0.4, 1.6, 0.1),
    "gpt-4.1-nano": Price(0.1, 0.4, 0.025),
    "gpt-4o": Price(2.5, 10, 1.25),
    "gpt-4o-mini": Price(0.15, 0.6, 0.075),
    "gpt-5": Price(1.25, 10, 0.125),
    "gpt-5-mini": Price(0.25, 2, 0.025),
    "gpt-5-nano": Price(0.05, 0.4, 0.005),
    "gpt-5.4": Price(2.5, 15, 0.25, up_to=272_000),
    "gpt-5.4-mini": Price(0.75, 4.5, 0.075),
    "gpt-5.4-nano": Price(0.2, 1.25, 0.02),
    "gpt-5.5": Price(5, 30, 0.5, up_to=272_000),
    "gpt-5.6": Price(4, 20, 0.4, up_to=272_000),
    "gpt-5.6-sol": Price(4, 20, 0.4, up_to=272_000),
    "gpt-5.6-terra": Price(2, 12, 0.2, up_to=272_000),
    "gpt-5.6-luna": Price(0.2, 1.2, 0.02, up_to=272_000),
    "gpt-6-astra": Price(10, 50, 1, up_to=272_000),
    "gpt-6-luna": Price(0.1, 0.5, 0.01, up_to=272_000),
    "gpt-6-sol": Price(2, 10, 0.2, up_to=272_000),
    "gpt-6.1-sol": Price(2, 10, 0.1, up_to=272_000),
}

_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|latest)$", re.ASCII)


def find_price(model: str) -> Price | None:
    """The price of a model; a dated snapshot such as gpt-4o-2024-08-06 costs what its model does."""
    return PRICES.get(model) or PRICES.get(_SNAPSHOT.sub("", model))


def compute_cost(model: str, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> float | None:
    """US dollars for one call, None when no price is known; `cached_tokens` are part of the input."""
    price = find_price(model)
    if price is None or (price.up_to is not None and input_tokens > price.up_to):
        return None
    fresh_tokens = max(0, input_tokens - cached_tokens)
    dollars = fresh_tokens * price.input + cached_tokens * price.cached_input + output_tokens * price.output
    return round(dollars / 1_000_000, 9)
