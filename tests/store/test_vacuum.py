"""Giving the disk back, while others use the store."""

from pathlib import Path

import pytest
from sqlalchemy import text

from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.store import Store, StoreUnavailable, open_store
from agentmesh_dagster.store.address import read_url
from agentmesh_dagster.store.catalogue import list_entities, save_entities
from agentmesh_dagster.store.pruning import vacuum_file
from tests.store.examples import agent

ROOM = 2_000_000


def fill_and_clear(store: Store) -> None:
    with store.begin() as tx:
        tx.execute(text("CREATE TABLE much (it BLOB)"))
        tx.execute(text("INSERT INTO much VALUES (zeroblob(:room))"), {"room": ROOM})
    with store.begin() as tx:
        tx.execute(text("DROP TABLE much"))


def test_the_file_is_shorter_at_once_while_another_process_has_it_open(tmp_path: Path):
    url = read_url(f"sqlite:///{tmp_path / 'mesh.db'}")
    store = open_store(f"sqlite:///{url.database}")
    save_entities(store, [agent("kept")], author="ann")
    other = Store(url)  # with connections of its own, as another process has
    assert len(list_entities(other, Kind.AGENT, limit=10).items) == 1
    fill_and_clear(store)

    vacuum_file(store)

    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < ROOM
    save_entities(other, [agent("after")], author="bob")
    assert [one.id for one in list_entities(store, Kind.AGENT, limit=10).items] == ["after", "kept"]
    other.close()


def test_who_writes_for_long_is_not_disturbed_and_the_reason_is_said(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'mesh.db'}"
    open_store(url).close()
    store = open_store(f"{url}?timeout=0.05")
    with Store(read_url(url)).begin() as tx:
        tx.execute(text("CREATE TABLE mine (it INT)"))
        with pytest.raises(StoreUnavailable, match="locked"):
            vacuum_file(store)
    vacuum_file(store)
