"""What calls cost: by the price list of `genai-prices`, where it knows the model; a wrong price is worse than none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agentmesh_dagster.declared import OwnPrice

if TYPE_CHECKING:
    from genai_prices.types import AbstractUsage
    from pydantic_ai.usage import RequestUsage

# Services whose list says what their models cost under the same names.
_VENDORS = frozenset(["anthropic", "deepseek", "google", "mistral", "openai"])


@dataclass(frozen=True)
class Seller:
    """Who sells the tokens: a service by its id in the list, or else whoever has this address."""

    service: str | None
    base_url: str
    is_own_server: bool = False  # what has no price costs nothing
    own: Mapping[str, OwnPrice] = field(default_factory=dict[str, OwnPrice])  # by model: they come before the list


def compute_cost(seller: Seller, model: str, usage: "RequestUsage", tier: str | None = None) -> float | None:
    """US dollars for one call, None when no price is known, or none for this service tier."""
    if own := seller.own.get(model):
        return _multiply(own, usage)
    standard = _look_up(seller, model, usage, {})
    if tier in (None, "", "auto", "default", "standard"):
        return standard
    special = _look_up(seller, model, usage, {"service_tier": tier})
    return None if special == standard else special


def estimate_cost(seller: Seller, model: str, input_tokens: int, output_tokens: int) -> float | None:
    """US dollars for so many tokens, none of them from a cache; None when no price is known."""
    from genai_prices import Usage

    if own := seller.own.get(model):
        return round((input_tokens * own.input + output_tokens * own.output) / 1_000_000, 9)
    return _look_up(seller, model, Usage(input_tokens=input_tokens, output_tokens=output_tokens), {})


def _multiply(price: OwnPrice, usage: "RequestUsage") -> float:
    cached, written = usage.cache_read_tokens, usage.cache_write_tokens
    dollars = (
        max(0, usage.input_tokens - cached - written) * price.input
        + cached * (price.input if price.cached_input is None else price.cached_input)
        + written * (price.input if price.cache_write is None else price.cache_write)
        + usage.output_tokens * price.output
    )
    return round(dollars / 1_000_000, 9)


def _look_up(seller: Seller, model: str, usage: "AbstractUsage", context: dict[str, str]) -> float | None:
    import genai_prices  # a quarter of a second

    vendor, _, name = model.rpartition("/")
    try:
        if seller.service is None:
            if not seller.base_url:
                return None  # the list would go by the name alone
            found = genai_prices.calc_price(usage, model, provider_api_url=seller.base_url, price_context=context)
        elif vendor in _VENDORS:  # as gateways write it
            found = genai_prices.calc_price(usage, name, provider_id=vendor, price_context=context)
        else:
            found = genai_prices.calc_price(usage, model, provider_id=seller.service, price_context=context)
    except (LookupError, ValueError):
        return None
    return round(float(found.total_price), 9)
