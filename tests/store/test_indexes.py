"""What people and sensors look at goes along indexes, so that it stays as quick however many runs are stored."""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import product

import pytest
from sqlalchemy import Connection, event, select

from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.runs import RunFilter, list_runs, list_unsettled_run_ids, page_runs
from agentmesh_dagster.store.tables import launches, runs
from tests.store.history import INSTANCE, PastRun, fill
from tests.store.looks import ENDED_BADLY, FAILED, LOOKS

COUNT, WAITING = 600, 12
LARGE = "agentmesh_(?:runs|launches|steps|waits|gates|events|deliveries|posted_events)"
WHOLE_TABLE = {"sqlite": rf"SCAN {LARGE}(?! USING).*", "postgresql": rf"Seq Scan on {LARGE}.*"}

# Without one of them some look reads the whole history, or all of a workflow's or a project's.
NEEDED = {
    "ix_agentmesh_runs_created_at_id",
    "ix_agentmesh_runs_workflow_id_created_at_id",
    "ix_agentmesh_runs_project_id_created_at_id",
    "ix_agentmesh_runs_status_created_at_id",
    "ix_agentmesh_runs_workflow_id_status_created_at_id",
    "ix_agentmesh_runs_project_id_status_created_at_id",
    "ix_agentmesh_runs_parent_run_id_created_at_id",
    "ix_agentmesh_children_child_run_id",
    "ix_agentmesh_launches_ended_at_parked_at",
    "ix_agentmesh_events_run_id_id",
    "ix_agentmesh_events_type_id",
    "ix_agentmesh_events_project_id_type_id",
    "ix_agentmesh_waits_state_opened_at",
    "ix_agentmesh_waits_run_id",
    "ix_agentmesh_waits_state_due_at",
    "ix_agentmesh_deliveries_workflow_id_trigger_state",
}


@pytest.fixture
def history(store: Store) -> Store:
    fill(store, COUNT, waiting=WAITING)
    return store


@contextmanager
def collect_plans(connection: Connection) -> Iterator[list[str]]:
    """The database's plan of each query that is sent meanwhile."""
    plans: list[str] = []
    explain = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "

    def look(asked: Connection, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        cursor = asked.connection.cursor()  # not through SQLAlchemy: that would come here again
        cursor.execute(explain + statement, parameters)
        plans.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
        cursor.close()

    event.listen(connection, "before_cursor_execute", look)
    yield plans
    event.remove(connection, "before_cursor_execute", look)


def test_no_look_reads_a_whole_table_and_every_index_is_of_use(history: Store):
    middle = PastRun(COUNT // 2, waits=False, created_at=_read_moment(history, COUNT // 2))
    used, scans = set[str](), dict[str, str]()
    with history.read() as connection:
        database = connection.dialect.name
        if database == "postgresql":  # which takes a small table whole, index or not
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        for look in LOOKS:
            with collect_plans(connection) as plans:
                look.read(connection, middle)
            for plan in plans:
                used |= set(re.findall(r"\bix_agentmesh_\w+", plan))
                if whole := re.search(WHOLE_TABLE[database], plan):
                    scans[look.name] = whole[0]
    assert scans == {}
    assert used >= NEEDED, f"not used: {NEEDED - used}"


def _read_moment(store: Store, number: int) -> datetime:
    with store.read() as connection:
        wanted = PastRun(number, waits=False, created_at=None).id  # type: ignore[arg-type]
        return connection.execute(select(runs.c.created_at).where(runs.c.id == wanted)).scalar_one()


def test_each_filter_finds_what_it_says_newest_first_on_all_pages(history: Store):
    past = [PastRun(number, number >= COUNT - WAITING, None) for number in reversed(range(COUNT))]  # type: ignore[arg-type]
    choices = product((None, "flow-7"), (None, "project-7"), ((), FAILED, ENDED_BADLY), (None, True, False))
    with history.read() as connection:
        for workflow_id, project_id, statuses, waiting in choices:
            wanted = [
                run.id
                for run in past
                if workflow_id in (None, f"flow-{run.workflow}")
                and project_id in (None, run.project_id)
                and (not statuses or run.status in statuses)
                and waiting in (None, run.waits)
            ]
            chosen = RunFilter(workflow_id, project_id, statuses, waiting)
            assert _read_pages(connection, chosen) == wanted
            if waiting is not False:
                listed = list_runs(
                    connection,
                    workflow_id=workflow_id,
                    project_id=project_id,
                    statuses=statuses,
                    waiting=bool(waiting),
                    limit=20,
                )
                assert [run.id for run in listed] == wanted[:20]


def _read_pages(connection: Connection, wanted: RunFilter) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = page_runs(connection, wanted, limit=17, cursor=cursor)
        found += [run.id for run in page.items]
        if (cursor := page.next_cursor) is None:
            return found


def test_runs_to_settle_are_those_that_the_words_name(history: Store):
    """A launch is live; or is parked although its run has ended; or the run is open, and none lives or waits."""
    chance, wanted, others = random.Random(3), list[str](), list[str]()
    with history.begin() as tx:
        moment = tx.execute(select(runs.c.created_at).limit(1)).scalar_one()
        for number in range(COUNT):
            run = PastRun(number, number >= COUNT - WAITING, moment)
            status = RunStatus.RUNNING if run.waits else chance.choice(list(RunStatus))
            ended_at, parked_at = chance.choice((None, moment)), chance.choice((None, moment))
            instance_id = chance.choice((INSTANCE, "other"))
            tx.execute(runs.update().where(runs.c.id == run.id).values(status=status.value))
            changes = {"ended_at": ended_at, "parked_at": parked_at, "instance_id": instance_id}
            tx.execute(launches.update().where(launches.c.run_id == run.id).values(changes))
            is_live = ended_at is None and parked_at is None
            is_stale = ended_at is None and status.is_end
            is_idle = not status.is_end and not run.waits
            if is_live or is_stale or is_idle:
                (wanted if instance_id == INSTANCE else others).append(run.id)
    assert len(wanted) > 50
    with history.read() as connection:
        assert list_unsettled_run_ids(connection, INSTANCE) == wanted
        assert set(list_unsettled_run_ids(connection)) == {*wanted, *others}
