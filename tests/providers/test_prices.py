"""A price is the right one or none."""

import pytest
from pydantic_ai.usage import RequestUsage

from agentmesh_dagster.providers.prices import Seller, compute_cost

OPENAI = Seller("openai", "https://api.openai.com/v1")
ANTHROPIC = Seller("anthropic", "https://api.anthropic.com")
DEEPSEEK = Seller(None, "https://api.deepseek.com/v1")
LOCAL = Seller(None, "http://localhost:11434/v1")
MILLION = RequestUsage(input_tokens=1_000_000, output_tokens=0)


@pytest.mark.parametrize("model", ["gpt-4.1", "gpt-4.1-2025-04-14", "openai/gpt-4.1"])
def test_a_dated_name_or_one_with_its_vendor_costs_what_the_model_does(model: str) -> None:
    assert compute_cost(OPENAI, model, MILLION) == 2


def test_whoever_sells_says_the_price() -> None:
    assert compute_cost(DEEPSEEK, "deepseek-chat", MILLION)
    assert compute_cost(LOCAL, "gpt-4.1", MILLION) is None, "a server here is not OpenAI, whatever its model is called"


@pytest.mark.parametrize("model", ["ft:gpt-4.1:acme::x", "gpt-4.1-of-ours", "some-model", "acme/gpt-4.1", ""])
def test_no_price_is_guessed(model: str) -> None:
    assert compute_cost(OPENAI, model, MILLION) is None


def test_each_kind_of_token_has_its_price() -> None:
    assert compute_cost(OPENAI, "gpt-4.1", RequestUsage(output_tokens=1_000_000)) == 8
    assert compute_cost(OPENAI, "gpt-4.1", RequestUsage(input_tokens=1_000_000, cache_read_tokens=1_000_000)) == 0.5
    written = RequestUsage(input_tokens=100_000, cache_write_tokens=100_000)
    assert compute_cost(ANTHROPIC, "claude-sonnet-4-5", written) == pytest.approx(0.375), "a quarter more than input"


@pytest.mark.parametrize(("tier", "is_known"), [(None, True), ("default", True), ("default-of-tomorrow", False)])
def test_a_service_tier_without_a_price_has_none(tier: str | None, is_known: bool) -> None:
    assert (compute_cost(OPENAI, "gpt-4.1", MILLION, tier) is not None) is is_known
