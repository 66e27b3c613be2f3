"""Writers at the same time: none is lost, none overwrites another."""

import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.store.catalogue import (
    StaleRevision,
    current_revision,
    get_entity,
    list_job_names,
    list_revisions,
    save_entities,
)
from tests.store.counter import count_up
from tests.store.examples import agent, workflow


def test_two_processes_and_two_threads_that_count_lose_no_step(store, store_url):
    save_entities(store, [agent(metadata={"count": 0})], author="ann")
    command = [sys.executable, "-W", "error", "-m", "tests.store.counter", store_url]
    processes = [
        subprocess.Popen([*command, name, "15"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name in ("bob", "cid")
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda name: count_up(store_url, name, 15), ("dan", "eve")))
    for process in processes:
        process.communicate(timeout=60)

    assert [process.returncode for process in processes] == [0, 0]
    assert get_entity(store, Kind.AGENT, "writer").metadata == {"count": 60}
    authors = Counter(line.saved_by for line in list_revisions(store, Kind.AGENT, "writer"))
    assert authors == {"ann": 1, "bob": 15, "cid": 15, "dan": 15, "eve": 15}


def test_of_many_stale_writers_exactly_one_wins(store):
    seen = save_entities(store, [workflow()], author="ann")[0].revision
    start = threading.Barrier(8)

    def save(number: int) -> str:
        start.wait()
        try:
            save_entities(
                store,
                [workflow(name=f"Mine {number}")],
                author=f"writer {number}",
                expected_revision={(Kind.WORKFLOW, "triage"): seen},
            )
        except StaleRevision:
            return "too late"
        return f"Mine {number}"

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(save, range(8)))

    assert results.count("too late") == 7
    assert get_entity(store, Kind.WORKFLOW, "triage").name in results


def test_revisions_become_visible_in_their_order(store):
    stop = threading.Event()

    def write(author: str) -> None:
        for number in range(15):
            save_entities(
                store,
                [agent(author, name=f"{author} {number}"), workflow(f"{author}{number}", name="W")],
                author=author,
            )

    def watch() -> list[int]:
        seen: list[int] = []
        while not stop.is_set():
            with store.read() as connection:
                newest = connection.execute(text("SELECT revision FROM agentmesh_catalogue")).scalar()
                visible = (
                    connection.execute(text("SELECT revision FROM agentmesh_revisions ORDER BY 1")).scalars().all()
                )
            assert visible == list(range(1, newest + 1))
            seen.append(newest)
        return seen

    with ThreadPoolExecutor(5) as threads:
        watching = threads.submit(watch)
        list(threads.map(write, ["ann", "bob", "cid", "dan"]))
        stop.set()

    assert watching.result() == sorted(watching.result())
    assert current_revision(store) == 1 + 4 * 30
    assert len(list_job_names(store)) == 60
