"""Values come back from both databases exactly as they were."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import String, column, delete, insert, null, select, table
from sqlalchemy.exc import IntegrityError, StatementError

from agentmesh_dagster.entities.json_values import write_json
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.tables import events, runs
from tests.store.examples import EXACT_VALUE

MOMENT = datetime(2026, 3, 29, 1, 59, 59, 123456, tzinfo=UTC)


def add_run(store: Store, identity: str = "r1", **values: object) -> None:
    known = {
        "id": identity,
        "workflow_id": "w",
        "project_id": "p",
        "job_name": "j",
        "revision": 1,
        "status": "pending",
        "input": None,
        "created_at": MOMENT,
    }
    with store.begin() as tx:
        tx.execute(insert(runs).values(known | values))


def test_json_is_kept_to_the_last_bit_and_in_its_order(store):
    add_run(store, input=EXACT_VALUE)

    with store.read() as connection:
        value = connection.execute(select(runs.c.input)).scalar_one()
        raw = connection.execute(select(column("input", String)).select_from(table(runs.name))).scalar_one()

    assert write_json(value) == write_json(EXACT_VALUE) == raw


def test_null_and_no_value_are_told_apart(store):
    add_run(store, "null", output=None)
    add_run(store, "left out")
    add_run(store, "taken away", output=null())

    with store.read() as connection:
        values = connection.execute(select(runs.c.output)).scalars().all()
        absent = connection.execute(select(runs.c.id).where(runs.c.output.is_(None)).order_by(runs.c.id)).scalars()

        assert values == [None, None, None]
        assert list(absent) == ["left out", "taken away"]


def test_a_moment_keeps_its_microseconds_and_comes_back_in_utc(store):
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=-9, minutes=-30)))
    add_run(store, started_at=elsewhere)

    with store.read() as connection:
        row = connection.execute(select(runs.c.created_at, runs.c.started_at)).one()

    assert row == (MOMENT, MOMENT)
    assert row.started_at.tzinfo is UTC


def test_moments_sort_and_compare_in_time_whatever_their_zone(store):
    later = (MOMENT + timedelta(microseconds=1)).astimezone(timezone(timedelta(hours=-12)))
    add_run(store, "later", created_at=later)
    add_run(store, "sooner")

    with store.read() as connection:
        ordered = connection.execute(select(runs.c.id).order_by(runs.c.created_at)).scalars().all()
        after = connection.execute(select(runs.c.id).where(runs.c.created_at > MOMENT)).scalars().all()

    assert ordered == ["sooner", "later"]
    assert after == ["later"]


def test_a_moment_without_a_zone_is_refused(store):
    with pytest.raises(StatementError, match="has no time zone"):
        add_run(store, created_at=datetime(2026, 1, 1))


def test_an_unknown_status_is_refused_by_the_database(store):
    with pytest.raises(IntegrityError):
        add_run(store, status="sleeping")


def test_an_error_of_the_database_does_not_repeat_what_was_written(store):
    with pytest.raises(IntegrityError) as caught:
        add_run(store, status="sleeping", input="a secret of somebody")

    assert "a secret of somebody" not in str(caught.value).split("DETAIL")[0]


def test_the_id_of_an_event_is_never_given_again(store):
    event = {"timestamp": MOMENT, "project_id": "p", "type": "run.started", "payload": {}}
    with store.begin() as tx:
        first = tx.execute(insert(events).values(event)).inserted_primary_key[0]
        tx.execute(delete(events))
    with store.begin() as tx:
        second = tx.execute(insert(events).values(event)).inserted_primary_key[0]

    assert second > first


def read_clock(store: Store) -> datetime:
    with store.begin() as tx:
        return now(tx)


def test_the_clock_of_the_database_is_in_utc_and_is_read_again_in_each_transaction(store):
    before = read_clock(store)
    give_up = time.monotonic() + 60
    while (after := read_clock(store)) == before:
        assert time.monotonic() < give_up

    assert before < after
    assert before.tzinfo is UTC
    assert abs(before - datetime.now(UTC)) < timedelta(minutes=1)
