"""Copying a store to the other kind of database, and back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.store import Store, close_stores, open_store
from agentmesh_dagster.store.catalogue import get_draft, get_entity, save_draft, save_entities
from agentmesh_dagster.store.copying import CopyDiffers, SameStore, SourceInUse, StoreNotEmpty, copy_store
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.launches import LaunchKind, insert_launch, park_launch
from agentmesh_dagster.store.migrate import UnfinishedCopy
from agentmesh_dagster.store.tables import events, runs
from agentmesh_dagster.store.triggers import receive_event
from tests.store.examples import EXACT_VALUE, ODD_TEXTS, agent, project, tool, workflow
from tests.store.test_columns import add_run


@pytest.fixture
def other(request: pytest.FixtureRequest, store: Store, tmp_path: Path) -> Iterator[Store]:
    """An empty store on the other kind of database."""
    if store.engine.dialect.name == "postgresql":
        yield open_store(f"sqlite:///{tmp_path / 'other.db'}")
        return
    with request.getfixturevalue("postgres").database() as url:
        yield open_store(url)
        close_stores()


def fill(store: Store) -> None:
    entities = [project(odd, name=odd) for odd in ODD_TEXTS]
    trigger = {"type": "event", "name": "paid"}
    entities += [tool(), agent(tools=["clock"], metadata=EXACT_VALUE), workflow(agents=("writer",), triggers=[trigger])]
    save_entities(store, entities, author="Zoë")
    save_draft(store, (Kind.AGENT, "writer"), {"name": "", "x": EXACT_VALUE}, author="ann")
    add_run(store, "r1", input=EXACT_VALUE, output=None, status="running")
    add_run(store, "r2", status="failed", error="it broke")
    with store.begin() as tx:
        receive_event(tx, "paid", "e1", EXACT_VALUE, by="ann")
        insert_launch(tx, "r1", "r1", LaunchKind.FIRST, 1, instance_id="i", is_submitted=True)
        park_launch(tx, "r1")
        tx.execute(
            events.insert(),
            [
                {
                    "timestamp": row.created_at,
                    "project_id": "p",
                    "run_id": "r1",
                    "type": "run.started",
                    "payload": EXACT_VALUE,
                }
                for row in tx.execute(select(runs.c.created_at))
                for _ in range(300)
            ],
        )
        newest = tx.execute(select(events.c.id).order_by(events.c.id.desc()).limit(1)).scalar_one()
        tx.execute(events.delete().where(events.c.id == newest))


def test_everything_comes_over_and_back_to_the_last_bit(store: Store, other: Store, tmp_path: Path):
    fill(store)
    third = open_store(f"sqlite:///{tmp_path / 'third.db'}")
    told: list[tuple[str, int, int]] = []

    there = copy_store(store, other, report=lambda *step: told.append(step))
    back = copy_store(other, third)

    assert there == back
    assert {table.name: table.rows for table in there}["agentmesh_events"] > 600
    [done, total] = [step[1:] for step in told if step[0] == "agentmesh_events"][-1]
    assert done == total > 600
    for kind, identity in ((Kind.AGENT, "writer"), (Kind.WORKFLOW, "triage")):
        assert get_entity(other, kind, identity) == get_entity(store, kind, identity)
    assert get_draft(other, Kind.AGENT, "writer") == get_draft(store, Kind.AGENT, "writer")
    with store.read() as mine, other.read() as theirs:
        assert list_events(theirs, "r1") == list_events(mine, "r1")
        nulls = select(runs.c.id).where(runs.c.output.is_(None))
        assert theirs.execute(nulls).scalars().all() == mine.execute(nulls).scalars().all()


def test_what_is_written_after_the_copy_is_numbered_on(store: Store, other: Store):
    fill(store)
    with store.read() as connection:
        seen = connection.execute(select(events.c.id).order_by(events.c.id.desc()).limit(1)).scalar_one() + 1
    draft = get_draft(store, Kind.AGENT, "writer")

    copy_store(store, other)

    save_entities(other, [agent(name="Later")], author="ann")
    with other.read() as connection:
        assert connection.execute(select(events.c.id).order_by(events.c.id.desc()).limit(1)).scalar_one() > seen
    assert save_draft(other, (Kind.AGENT, "writer"), {}, author="ann").info.version > draft.info.version


def test_a_target_that_holds_something_is_refused_and_left_as_it_is(store: Store, other: Store):
    fill(store)
    save_entities(other, [agent("kept")], author="ann")

    with pytest.raises(StoreNotEmpty):
        copy_store(store, other)

    assert get_entity(other, Kind.AGENT, "kept").name == "Kept"
    with pytest.raises(SameStore):
        copy_store(store, store)


def test_a_source_with_runs_at_work_is_refused(store: Store, other: Store):
    fill(store)
    with store.begin() as tx:
        insert_launch(tx, "r2", "r2", LaunchKind.FIRST, 1, instance_id="i", is_submitted=True)

    with pytest.raises(SourceInUse, match="run `r2`"):
        copy_store(store, other)

    save_entities(other, [agent("kept")], author="ann")


def test_a_copy_that_was_broken_off_is_opened_by_nobody(store: Store, other: Store):
    fill(store)
    url = other.url.render_as_string(hide_password=False)

    class PowerCut(Exception):
        pass

    def cut(table: str, _done: int, _total: int) -> None:
        if table == "agentmesh_runs":
            raise PowerCut

    with pytest.raises(PowerCut):
        copy_store(store, other, report=cut)
    with pytest.raises((StoreNotEmpty, UnfinishedCopy)):
        copy_store(store, other)
    close_stores()

    with pytest.raises(UnfinishedCopy):
        open_store(url)


def test_a_copy_that_somebody_wrote_to_is_no_copy(store: Store, other: Store):
    fill(store)

    def interfere(table: str, done: int, total: int) -> None:
        if table == "agentmesh_runs" and done == total:
            with other.begin() as tx:
                tx.execute(text("UPDATE agentmesh_runs SET error = 'another' WHERE id = 'r2'"))

    with pytest.raises(CopyDiffers, match="agentmesh_runs"):
        copy_store(store, other, report=interfere)
