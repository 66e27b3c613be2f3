"""Names for Dagster: safe, stable and never the same twice."""

import re
from collections.abc import Iterable, Mapping

from dagster._core.definitions.utils import DISALLOWED_NAMES, VALID_NAME_REGEX
from hypothesis import given
from hypothesis import strategies as st

from agentmesh_dagster.graph.names import safe_name


def name_all(texts: Iterable[str]) -> Mapping[str, str]:
    """As a plan names the nodes of a box: one after the other, each different."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for text in texts:
        if text not in names:
            names[text] = safe_name(text, taken)
            taken.add(names[text])
    return names


def is_accepted(name: str) -> bool:
    """Whether Dagster takes it as the name of an op."""
    return bool(VALID_NAME_REGEX.fullmatch(name)) and name not in DISALLOWED_NAMES


@given(st.text())
def test_any_text_gets_a_name_that_dagster_accepts(text: str) -> None:
    name = safe_name(text)

    assert is_accepted(name)
    assert len(name) <= 100


@given(st.lists(st.text(alphabet="a b-_.é漢", max_size=4)))
def test_names_that_collide_once_cleaned_stay_apart(texts: list[str]) -> None:
    names = name_all(texts)

    assert set(names) == set(texts)
    assert len(set(names.values())) == len(names)
    assert all(is_accepted(name) for name in names.values())


def test_a_plain_id_keeps_its_name() -> None:
    assert safe_name("score_ticket") == "score_ticket"


def test_every_name_that_dagster_refuses_is_changed() -> None:
    for word in DISALLOWED_NAMES:
        assert is_accepted(safe_name(word))


def test_readable_parts_of_an_id_stay_readable() -> None:
    assert safe_name("Score the ticket!") == "Score_the_ticket"
    assert safe_name("Übersicht") == "Ubersicht"


def test_ids_without_a_latin_letter_get_different_names() -> None:
    assert safe_name("评分") != safe_name("审核")
    assert re.fullmatch(r"n_[0-9a-f]{8}", safe_name("🎯"))


def test_the_same_ids_in_the_same_order_get_the_same_names() -> None:
    ids = ["a b", "a-b", "a_b", "class", "评分", "x" * 255]

    assert name_all(ids) == name_all(list(ids))
    assert list(name_all(ids).values())[:4] == ["a_b", "a_b_2", "a_b_3", "class_"]
