import pytest

from agentmesh_dagster.providers.prices import compute_cost, find_price


@pytest.mark.parametrize(
    ("dated", "model"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("gpt-5-latest", "gpt-5"),
    ],
)
def test_a_dated_model_costs_what_its_model_does(dated: str, model: str) -> None:
    assert find_price(dated) == find_price(model) is not None


@pytest.mark.parametrize("model", ["gpt-4o-audio-preview", "gpt-4", "llama3.2", "claude", "", "gpt-5-2025"])
def test_a_model_that_is_only_similar_has_no_price(model: str) -> None:
    assert find_price(model) is None
    assert compute_cost(model, 1000, 1000) is None


def test_input_output_and_cached_input_have_their_own_prices() -> None:
    assert compute_cost("gpt-4.1", 1_000_000, 0) == 2
    assert compute_cost("gpt-4.1", 0, 1_000_000) == 8
    assert compute_cost("gpt-4.1", 1_000_000, 0, cached_tokens=1_000_000) == 0.5


def test_a_call_longer_than_its_price_is_good_for_has_no_cost() -> None:
    assert compute_cost("claude-haiku-5-5", 100_000, 0) == pytest.approx(0.01)
    assert compute_cost("claude-haiku-5-5", 100_001, 0) is None
