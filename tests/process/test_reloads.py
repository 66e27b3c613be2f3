"""When the code location is reloaded; the location is one that only counts."""

import threading
import time
from collections.abc import Iterator

import pytest

from agentmesh_dagster.api.reloading import LOOK_EVERY_SECONDS, Location, Reloads
from agentmesh_dagster.store import StoreUnavailable


class CountingLocation:
    """A catalogue, and a location that may be held while it loads what is in it."""

    def __init__(self) -> None:
        self.newest = 1
        self.loaded: int | None = 1
        self.may_end = threading.Event()
        self.may_end.set()
        self.reloads: list[int] = []  # the revision that each of them has loaded
        self.is_broken = False
        self.can_reload = True
        self.store_fails = False
        self.overlap = threading.Lock()

    def read_newest(self) -> int:
        if self.store_fails:
            raise StoreUnavailable("for a while")
        return self.newest

    def reload(self) -> None:
        assert self.overlap.acquire(blocking=False), "two reloads at once"
        loading = self.newest
        assert self.may_end.wait(60), "whoever saves waits for the reload"
        self.reloads.append(loading)
        if self.can_reload:
            self.loaded = None if self.is_broken else loading
        self.overlap.release()


@pytest.fixture
def location() -> CountingLocation:
    return CountingLocation()


@pytest.fixture
def reloads(location: CountingLocation) -> Iterator[Reloads]:
    following = Reloads(Location(location.read_newest, lambda: location.loaded, location.reload))
    following.start()
    yield following
    following.stop()


def wait_until_loaded(location: CountingLocation, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while location.loaded != location.newest:
        assert time.monotonic() < deadline, f"{location.loaded} instead of {location.newest}"
        time.sleep(0.02)


def test_one_save_is_one_reload_soon(location: CountingLocation, reloads: Reloads):
    location.newest = 2
    reloads.soon()
    wait_until_loaded(location)
    time.sleep(2 * LOOK_EVERY_SECONDS)
    assert location.reloads == [2]


def test_a_burst_of_saves_is_at_most_three_reloads_and_nobody_waits(location: CountingLocation, reloads: Reloads):
    location.may_end = threading.Event()
    for revision in range(2, 52):
        location.newest = revision
        reloads.soon()
    location.may_end.set()
    wait_until_loaded(location)
    assert len(location.reloads) <= 3


def test_a_save_of_another_process_is_seen(location: CountingLocation, reloads: Reloads):
    location.newest = 7
    wait_until_loaded(location)
    assert location.reloads == [7]


def test_a_code_server_that_cannot_reload_is_asked_once_for_each_save(
    location: CountingLocation, reloads: Reloads, caplog: pytest.LogCaptureFixture
):
    location.can_reload = False
    location.newest = 2
    reloads.soon()
    time.sleep(3 * LOOK_EVERY_SECONDS)
    assert location.reloads == [2]
    assert "dagster code-server start" in caplog.text


def test_a_location_that_cannot_be_loaded_is_not_tried_all_the_time_but_at_the_next_save(
    location: CountingLocation, reloads: Reloads
):
    location.is_broken = True
    location.newest = 2
    reloads.soon()
    time.sleep(3 * LOOK_EVERY_SECONDS)
    assert location.reloads == [2]

    location.is_broken = False
    location.newest = 3
    reloads.soon()
    wait_until_loaded(location)


def test_a_store_that_fails_for_a_while_ends_nothing(
    location: CountingLocation, reloads: Reloads, caplog: pytest.LogCaptureFixture
):
    location.store_fails = True
    reloads.soon()
    time.sleep(LOOK_EVERY_SECONDS)
    assert "The store cannot be reached" in caplog.text
    location.store_fails = False
    location.newest = 2
    wait_until_loaded(location)
