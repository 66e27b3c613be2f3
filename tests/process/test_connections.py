"""People who open connections and do not say what they want do not keep others out."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from tempfile import TemporaryFile
from typing import Any

import httpx2
import pytest
from websockets.sync.client import connect

from agentmesh_dagster.api.connections import MAX_HEAD_BYTES, MAX_HEADERS, OpenConnections, raise_open_files_limit
from agentmesh_dagster.api.forwarding import read_proxies
from agentmesh_dagster.settings import Settings
from tests.process.servers import ROOT, find_free_port, wait_until

LONG, SHORT = 600.0, 1.0  # seconds


@contextmanager
def run_small_server(headers: float, body: float) -> Iterator[int]:
    """Its port."""
    port = find_free_port()
    command = [sys.executable, "-m", "tests.process.small_server", str(port), str(headers), str(body)]
    with TemporaryFile("w+") as log, subprocess.Popen(command, cwd=ROOT, stderr=log) as process:
        try:
            wait_until(lambda: process.poll() is not None or answers(port), 120)
            yield port
            assert process.poll() is None
        finally:
            process.terminate()
            process.wait()
        log.seek(0)
        told = log.read()
    assert "Traceback" not in told
    assert "Too many open files" not in told


@pytest.fixture(scope="module")
def patient() -> Iterator[int]:
    with run_small_server(LONG, LONG) as port:
        yield port


@pytest.fixture(scope="module")
def impatient() -> Iterator[int]:
    with run_small_server(SHORT, SHORT) as port:
        yield port


def answers(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/", timeout=30).status_code == 200
    except httpx2.HTTPError:
        return False


def open_half(port: int, said: bytes) -> socket.socket:
    half = socket.create_connection(("127.0.0.1", port), timeout=30)
    half.sendall(said)
    return half


def read_all(half: socket.socket) -> bytes:
    """What arrives until the other side ends it."""
    received = b""
    while more := half.recv(10_000):
        received += more
    return received


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: a", b"POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\n{"])
def test_1100_half_open_connections_do_not_keep_anybody_out(patient: int, said: bytes):
    raise_open_files_limit()
    with ExitStack() as stack:
        for _ in range(1_100):
            stack.enter_context(open_half(patient, said))
        assert answers(patient)


def test_what_is_being_answered_makes_no_room_for_half_open_connections(patient: int):
    raise_open_files_limit()
    with (
        ExitStack() as stack,
        httpx2.stream("GET", f"http://127.0.0.1:{patient}/stream", timeout=60) as streamed,
        connect(f"ws://127.0.0.1:{patient}/echo") as websocket,
    ):
        lines = streamed.iter_lines()
        assert next(lines) == "0"
        for _ in range(1_100):
            stack.enter_context(open_half(patient, b"GET"))
        assert answers(patient)
        assert [next(lines) for _ in range(20)][-1] == "20"
        websocket.send("still here")
        assert websocket.recv(30) == "still here"


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: a", b"POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\n{"])
def test_a_request_that_drips_is_ended(impatient: int, said: bytes):
    with open_half(impatient, said) as half:
        received = drip(half, said)
    assert received.startswith(b"HTTP/1.1 408 ")


def drip(half: socket.socket, said: bytes) -> bytes:
    """Sends a byte at a time, each of which would begin a mere idle time anew; what came back until the end."""
    half.settimeout(0.2)
    received = b""
    while True:
        try:
            more = half.recv(10_000)
        except TimeoutError:
            if not received and said:
                half.sendall(b"x")
            continue
        except ConnectionError:
            return received
        if not more:
            return received
        received += more


def test_the_second_request_of_a_connection_has_its_time_limit_too(impatient: int):
    with open_half(impatient, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") as half:
        assert half.recv(10_000).startswith(b"HTTP/1.1 200 ")
        half.sendall(b"GET / HTT")
        assert b"HTTP/1.1 408 " in read_all(half)


def test_streams_and_websockets_are_long_lived_by_right(impatient: int):
    with (
        httpx2.stream("GET", f"http://127.0.0.1:{impatient}/stream", timeout=60) as streamed,
        connect(f"ws://127.0.0.1:{impatient}/echo") as websocket,
    ):
        lines = streamed.iter_lines()
        seen = [next(lines) for _ in range(1 + int(3 * SHORT / 0.1))]
        assert seen[-1] == str(int(3 * SHORT / 0.1))
        time.sleep(2 * SHORT)
        websocket.send("still here")
        assert websocket.recv(30) == "still here"


GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
UPGRADE = (
    b"GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
HEADER = b"X-Long: " + b"x" * 1_000 + b"\r\n"


@pytest.mark.parametrize(
    "said",
    [
        b"GET /" + b"x" * MAX_HEAD_BYTES + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        GET + HEADER * 40 + b"\r\n",
        GET + b"X: y\r\n" * MAX_HEADERS + b"\r\n",
        GET + b"X-Long: " + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n",
        GET + b"X-Endless: " + b"x" * 2 * MAX_HEAD_BYTES,
        GET + b"x" * 2 * MAX_HEAD_BYTES,
        UPGRADE + HEADER * 40 + b"\r\n",
        CHUNKED + HEADER * 40 + b"\r\n",
        CHUNKED + b"X: y\r\n" * MAX_HEADERS,
        CHUNKED + b"X-Endless: " + b"x" * 2 * MAX_HEAD_BYTES,
        GET + b"\r\n" + GET + HEADER * 40 + b"\r\n",
    ],
)
@pytest.mark.parametrize("piece", [1_000, 1_000_000])
def test_what_stands_around_a_body_has_a_bounded_length(patient: int, said: bytes, piece: int):
    with open_half(patient, b"") as half:
        half.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        received = b""
        with suppress(ConnectionError):
            for start in range(0, len(said), piece):
                half.sendall(said[start : start + piece])
            received = read_all(half)
    assert not received or received.rpartition(b"HTTP/1.1 ")[2].startswith(b"431 ") or said.count(GET) == 2
    assert answers(patient)


def test_endless_headers_are_ended(patient: int):
    sent = 0
    with open_half(patient, GET) as half, suppress(ConnectionError):
        while sent < 100_000_000:
            sent += half.send(HEADER * 100)
    assert sent < 50_000_000  # what the system's buffers hold


def test_headers_of_the_usual_length_are_let_through(patient: int):
    cookie = b"Cookie: " + b"x" * 16_000 + b"\r\n"
    with open_half(patient, GET + cookie + b"X: y\r\n" * 100 + b"Connection: close\r\n\r\n") as half:
        assert read_all(half).startswith(b"HTTP/1.1 200 ")
    with open_half(patient, CHUNKED.replace(b"0\r\n", (b"1\r\nx\r\n" * 50_000) + b"0\r\n\r\n")) as half:
        half.shutdown(socket.SHUT_WR)
        assert read_all(half).endswith(b"50001")


def test_trailers_do_not_become_headers(patient: int):
    said = CHUNKED.replace(b"POST / ", b"POST /headers ") + b"Authorization: Bearer x\r\n\r\n"
    with open_half(patient, said.replace(b"Host", b"Connection: close\r\nHost", 1)) as half:
        assert read_all(half).endswith(b"\r\n\r\nconnection host transfer-encoding")


def test_requests_do_not_pile_up_behind_one_that_is_being_answered(patient: int):
    few = (GET + b"\r\n") * 10 + GET + b"Connection: close\r\n\r\n"
    with open_half(patient, few) as half:
        assert read_all(half).count(b"HTTP/1.1 200 ") == 11
    many = GET.replace(b"/", b"/stream", 1) + b"\r\n" + (GET + b"\r\n") * 1_000
    with open_half(patient, many) as half, suppress(ConnectionError):
        assert read_all(half).count(b"HTTP/1.1 ") <= 1


class Connection:
    """What the books know of a connection."""

    def __init__(self, dropped: list[str], name: str, *, waits: bool = False) -> None:
        self.is_over = False
        self.waits = waits
        self.drop = lambda: dropped.append(name)


def build_connection(dropped: list[str], name: str, **state: bool) -> Any:
    return Connection(dropped, name, **state)


def test_addresses_are_bounded_by_themselves_and_trusted_proxies_are_not():
    settings = Settings(trusted_proxies="10.0.0.7")
    opened, dropped = OpenConnections(100, read_proxies(settings)), list[str]()  # 60 in all, 30 of one address
    busy = [build_connection(dropped, f"busy {number}") for number in range(30)]
    assert all(opened.admit(one, "192.0.2.1") for one in busy)
    assert not opened.admit(build_connection(dropped, "too many"), "192.0.2.1"), "all of that address are at work"
    assert opened.admit(build_connection(dropped, "another", waits=True), "192.0.2.2")
    opened.release(busy[0])
    assert opened.admit(build_connection(dropped, "again"), "192.0.2.1")
    assert dropped == []

    through_proxy = [build_connection(dropped, f"proxied {number}") for number in range(29)]
    assert all(opened.admit(one, "10.0.0.7") for one in through_proxy), "there is room for so many in all"
    assert opened.admit(build_connection(dropped, "one more"), "10.0.0.7")
    assert dropped == ["another"], "what waits makes room"
    assert not opened.admit(build_connection(dropped, "too many in all"), "10.0.0.7")
