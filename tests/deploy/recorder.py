"""A recorder outside of the system, reached over HTTP: workers on other machines could call it as well."""

import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from agentmesh_dagster.entities.models import Tool
from tests.shapes import node

HOLDS_SECONDS = 60


@dataclass
class Recorder:
    """Notes each call; the first call of a name in `held` gets no answer until `released`."""

    url: str = ""
    calls: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])  # name, idempotency key
    held: set[str] = field(default_factory=set[str])
    released: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, name: str, key: str) -> bool:
        """Whether the call is to be held."""
        with self._lock:
            self.calls.append((name, key))
            is_held = name in self.held
            self.held.discard(name)
            return is_held

    def count(self) -> dict[str, int]:
        return dict(Counter(name for name, _ in self.calls))

    def tool(self) -> Tool:
        config = {"method": "POST", "url": self.url}
        return Tool.model_validate({"id": "recorder", "name": "recorder", "type": "http", "config": config})


def calling(identity: str, **config: Any) -> dict[str, Any]:
    """A node that calls the recorder by its own name."""
    return node(identity, "tool", toolId="recorder", input={"name": identity}, **config)


@contextmanager
def run_recorder() -> Generator[Recorder]:
    recorder = Recorder()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            name = self.rfile.read(int(self.headers["Content-Length"])).decode()
            name = name.partition('"name"')[2].split('"')[1]
            if recorder.note(name, self.headers["Idempotency-Key"]):
                recorder.released.wait(HOLDS_SECONDS)
            answer = f'{{"from": "{name}"}}'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                return  # the worker was killed meanwhile

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        recorder.url = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield recorder
        finally:
            recorder.released.set()
            server.shutdown()
            thread.join()
