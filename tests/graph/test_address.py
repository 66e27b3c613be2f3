"""Addresses: their text says where a step stands, and reads back as what it was."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmesh_dagster.graph.address import (
    Address,
    Call,
    Item,
    Path,
    Round,
    describe_address,
    read_path,
    write_path,
)
from agentmesh_dagster.store.steps import step_id

FRAMES = (
    st.builds(Item, st.integers(0, 10**6))
    | st.builds(Round, st.integers(1, 100))
    | st.builds(Call, st.text(min_size=1))
)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        ((Item(3),), "[3]"),
        ((Round(2),), "#2"),
        ((Call("review"), Item(0), Round(10)), "review/[0]/#10"),
        ((Call("投票 a/b"),), "投票 a%2Fb"),
        ((Call("[3]"), Call("#2"), Call("50%")), "%5B3]/%232/50%25"),
    ],
)
def test_a_path_is_written_as_its_frames(path: Path, text: str):
    assert write_path(path) == text
    assert read_path(text) == path


@given(st.lists(FRAMES, max_size=4).map(tuple))
def test_every_path_reads_back(path: Path):
    assert read_path(write_path(path)) == path


@given(st.lists(FRAMES, max_size=3).map(tuple), st.lists(FRAMES, max_size=3).map(tuple))
def test_steps_of_different_places_have_different_ids(one: Path, other: Path):
    assert (step_id("run", Address("a", one)) == step_id("run", Address("a", other))) == (one == other)


def test_ids_are_those_that_steps_had_before_there_were_paths():
    namespace = uuid.UUID("5f0c2a3e-7d0b-5a5e-9a38-6f1f6b7b1c52")

    assert step_id("run", Address("a")) == str(uuid.uuid5(namespace, "run\x1fa\x1f0\x1f-1"))
    assert step_id("run", Address("a", (Item(7),))) == str(uuid.uuid5(namespace, "run\x1fa\x1f0\x1f7"))


def test_an_address_without_an_item_covers_all_items():
    inside = Address("a", (Item(1), Round(2)))

    around = [(), (Item(1),), (Round(2),), (Item(1), Round(2))]
    assert all(Address("a", path).covers(inside) for path in around)
    assert not any(Address("a", path).covers(inside) for path in [(Item(2),), (Round(1),), (Item(1), Round(3))])
    assert not Address("b").covers(inside)
    assert not inside.covers(Address("a"))


def test_events_name_the_node_the_innermost_item_and_the_path():
    assert describe_address(Address("a")) == {"nodeId": "a", "item": None, "path": ""}
    assert describe_address(Address("a", (Item(1), Round(2)))) == {"nodeId": "a", "item": 1, "path": "[1]/#2"}
