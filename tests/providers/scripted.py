"""A server on this machine that answers each request as a script says, faults and all."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DRIP_SECONDS = 0.02


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]  # lower-case names
    body: Any
    connection: int  # the client's port


Step = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class ScriptedServer:
    """Plays the steps of `script` in order; a request after the last one is refused with 418."""

    script: list[Step] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    port: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def play(self, *steps: Step) -> None:
        self.script = list(steps)

    def start_over(self) -> None:
        """Lets go of whoever still waits for an answer, and forgets what was seen."""
        self.ended.set()
        self.script, self.seen, self.ended = [], [], threading.Event()

    def drips(self) -> Iterator[None]:
        """A pause between two bytes, until the test is over."""
        ended = self.ended
        while not ended.wait(DRIP_SECONDS):
            yield

    def drip_body(self, handler: BaseHTTPRequestHandler) -> None:
        """A promising start, then one space after the other."""
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        for _ in self.drips():
            handler.wfile.write(b" ")

    def drip_headers(self, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in self.drips():
            handler.wfile.write(b"a")

    def drip_error(self, handler: BaseHTTPRequestHandler) -> None:
        """An error status whose body never ends: the SDKs read it before they raise."""
        handler.send_response(500)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        for _ in self.drips():
            handler.wfile.write(b" ")

    def hang(self, _: BaseHTTPRequestHandler) -> None:
        self.ended.wait()


def answer(body: Any, status: int = 200, **headers: str) -> Step:
    """A complete answer; a `body` that is no text is sent as JSON. `retry_after="1"` is the header Retry-After."""
    text = body if isinstance(body, str) else json.dumps(body)

    def step(handler: BaseHTTPRequestHandler) -> None:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        handler.send_response_only(status)
        for name, value in ({"content-type": "application/json"} | names).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(text.encode())))
        handler.end_headers()
        handler.wfile.write(text.encode())

    return step


def break_off(body: Any) -> Step:
    """Half of an answer whose whole length was announced."""
    text = json.dumps(body).encode()

    def step(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text[: len(text) // 2])
        handler.close_connection = True

    return step


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """No answer at all."""
    handler.close_connection = True


@contextmanager
def run_scripted_server() -> Iterator[ScriptedServer]:
    scripted = ScriptedServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            scripted.seen.append(Seen(self.path, headers, json.loads(body), self.client_address[1]))
            step = scripted.script.pop(0) if scripted.script else answer("the script is over", 418)
            try:
                step(self)
            except OSError:  # the client went away
                self.close_connection = True

        def handle(self) -> None:
            with suppress(ConnectionError):  # the client went away between two requests
                super().handle()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    scripted.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield scripted
    finally:
        scripted.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
