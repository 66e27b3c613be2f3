"""Live events: in order, none lost and none twice, however often the reader goes and comes back."""

import json
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from agentmesh_dagster.api.app import build_api
from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.api.stream import EventStreams
from agentmesh_dagster.entities.models import EventType
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.events import Event, list_events, record_events
from agentmesh_dagster.store.runs import get_run_head, lock_run
from tests.api.flows import CALCULATOR, asks, counts, straight
from tests.api.office import Office, WhoSays, serve
from tests.costs import FAR_TOO_LONG_SECONDS

STREAM = {"Accept": "text/event-stream"}


@dataclass(frozen=True)
class Message:
    event: str
    data: dict[str, object]
    id: int | None


def read(response: httpx2.Response) -> Iterator[Message]:
    """The messages of a stream, as a browser reads them."""
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            identity = fields.get("id")
            yield Message(fields["event"], json.loads(fields["data"]), int(identity) if identity else None)
            fields = {}


def follow(client: httpx2.Client, run_id: str, *, leave_after: int | None = None, last: int = 0) -> list[Message]:
    """All messages of one stream, or the first few."""
    found: list[Message] = []
    with client.stream("GET", f"/runs/{run_id}/events", headers=STREAM | {"Last-Event-ID": str(last)}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        for message in read(response):
            found.append(message)
            if len(found) == leave_after:
                break
    return found


def list_ids(services: Services, run_id: str) -> list[int]:
    with services.store.read() as connection:
        return [event.id for event in list_events(connection, run_id)]


def add_event(services: Services, run_id: str, number: int) -> None:
    with services.store.begin() as tx:
        run = lock_run(tx, run_id)
        event = Event(EventType.STEP_RETRYING, {"number": number})
        record_events(tx, project_id=run.project_id, run_id=run_id, recorded=[event])


def test_a_run_that_is_over_is_told_in_one_go_and_then_ends(office: Office):
    office.apply(tools=[CALCULATOR], workflows=[counts("w", 3)])
    run = office.run("w")

    messages = follow(office.client, run["id"])

    assert [message.id for message in messages[:-1]] == list_ids(office.services, run["id"])
    assert (messages[-1].event, messages[-1].data) == ("end", {"status": "succeeded"})
    pages = office.ok("GET", f"/runs/{run['id']}/events?limit=1000")["items"]
    assert [message.data for message in messages[:-1]] == pages
    assert [message.event for message in messages[:-1]] == [event["type"] for event in pages]


def test_events_are_read_in_pages_too(office: Office):
    office.ok("POST", "/workflows", straight())
    run = office.run("straight")
    first = office.ok("GET", f"/runs/{run['id']}/events?limit=2")
    rest = office.ok("GET", f"/runs/{run['id']}/events?after={first['nextCursor']}")

    assert [event["id"] for event in first["items"] + rest["items"]] == list_ids(office.services, run["id"])
    assert "nextCursor" not in rest


def test_events_come_as_they_happen(office: Office):
    office.ok("POST", "/workflows", straight())
    run_id = office.start("straight")
    seen: list[tuple[float, Message]] = []

    def watch() -> None:
        with office.open_client() as client, client.stream("GET", f"/runs/{run_id}/events", headers=STREAM) as response:
            seen.extend((time.monotonic(), message) for message in read(response))

    watcher = threading.Thread(target=watch)
    watcher.start()
    time.sleep(0.5)
    written = time.monotonic()
    add_event(office.services, run_id, 1)
    while not seen:
        time.sleep(0.02)
    canceled = time.monotonic()
    office.ok("POST", f"/runs/{run_id}/cancel")
    watcher.join(FAR_TOO_LONG_SECONDS)

    assert [message.event for _, message in seen] == ["step.retrying", "run.canceled", "end"]
    assert written <= seen[0][0] < canceled, "it came while the run was on its way"


def test_nothing_is_lost_or_doubled_by_a_reader_who_goes_and_comes_back(office: Office):
    office.ok("POST", "/workflows", straight())
    run_id = office.start("straight")
    seed = random.randrange(10_000)
    chance = random.Random(seed)
    over = threading.Event()

    def write() -> None:
        for number in range(150):
            add_event(office.services, run_id, number)
            time.sleep(chance.random() / 100)
        office.ok("POST", f"/runs/{run_id}/cancel")
        over.set()

    writer = threading.Thread(target=write)
    writer.start()
    readers: list[list[Message]] = [[], [], []]

    def come_and_go(mine: list[Message], own: random.Random) -> None:
        with office.open_client() as client:
            while not mine or mine[-1].event != "end":
                last = mine[-1].id or 0 if mine else 0
                mine.extend(follow(client, run_id, leave_after=own.randrange(1, 20), last=last))

    threads = [
        threading.Thread(target=come_and_go, args=(mine, random.Random(seed + number)))
        for number, mine in enumerate(readers)
    ]
    for thread in threads:
        thread.start()
    for thread in [writer, *threads]:
        thread.join(60)

    assert over.is_set()
    ids = list_ids(office.services, run_id)
    for mine in readers:
        assert [message.id for message in mine[:-1]] == ids, f"seed {seed}"
        assert mine[-1].event == "end"


def test_a_stream_ends_by_itself_and_says_when_to_come_back(office: Office):
    office.ok("POST", "/workflows", asks())
    run = office.run("asks")
    api = build_api(ApiContext(office.services, office.instance, office.workspace))
    api.state.streams = EventStreams(office.services.store, stream_seconds=3.5)
    started = time.monotonic()

    with serve(WhoSays(api)) as url, office.open_client() as client:
        lines = client.get(f"{url}/runs/{run['id']}/events", headers=STREAM).text.splitlines()

    assert 3 < time.monotonic() - started < FAR_TOO_LONG_SECONDS
    assert lines[0] == "retry: 1000"
    assert any(line.startswith(":") for line in lines), "a sign of life while nothing happens"
    assert "event: end" not in lines, "the run waits for a person"


def test_fifty_open_streams_hurt_nobody(office: Office):
    office.apply(workflows=[straight(), asks()])
    waiting = office.run("asks")["id"]
    ended: list[list[Message]] = []

    def watch() -> None:
        with office.open_client() as client:
            ended.append(follow(client, waiting))

    watchers = [threading.Thread(target=watch) for _ in range(50)]
    for watcher in watchers:
        watcher.start()
    time.sleep(1)
    slowest = 0.0
    for _ in range(10):
        started = time.monotonic()
        office.ok("GET", "/runs")
        slowest = max(slowest, time.monotonic() - started)
    office.ok("POST", f"/runs/{waiting}/cancel")
    for watcher in watchers:
        watcher.join(30)

    assert slowest < 2
    ids = list_ids(office.services, waiting)
    assert len(ended) == 50
    for messages in ended:
        assert [message.id for message in messages[:-1]] == ids
        assert messages[-1].event == "end"


@pytest.mark.parametrize("accept", ["text/html, text/event-stream;q=0.9", "text/event-stream"])
def test_whoever_accepts_a_stream_gets_one(office: Office, accept: str):
    office.ok("POST", "/workflows", straight())
    run_id = office.run("straight")["id"]

    response = office.client.get(f"/runs/{run_id}/events", headers={"Accept": accept})

    assert response.headers["content-type"].startswith("text/event-stream")
    with office.services.store.read() as connection:
        assert get_run_head(connection, run_id).status.is_end
    problem = office.fault(404, "GET", "/runs/none/events", headers=STREAM)
    assert "none" in problem["detail"]
