"""Real servers on this machine, and calls of tools to them."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any

from agentmesh_dagster.entities.models import Tool, ToolConfig
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.tools import ToolRequest, call_tool

LOCAL = Settings(http_allow_hosts="127.0.0.1", http_timeout_seconds=5)


@dataclass(frozen=True)
class Received:
    method: str
    path: str  # with query
    headers: dict[str, str]  # lower-case names
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Recorder:
    """A server that keeps every call, and answers each as the test says."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    reply: Callable[[BaseHTTPRequestHandler], None] = lambda handler: send(handler, 200, b"{}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answers(self, status: int, body: bytes = b"", content_type: str = "", **headers: str) -> None:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        if content_type:
            names["Content-Type"] = content_type
        self.reply = lambda handler: send(handler, status, body, **names)


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in ({"Content-Type": "application/json"} | headers).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


@contextmanager
def run_recorder(ssl_context: SSLContext | None = None) -> Iterator[Recorder]:
    recorder = Recorder()

    class Answering(BaseHTTPRequestHandler):
        def handle_one_call(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            recorder.received.append(Received(self.command, self.path, headers, body))
            try:
                recorder.reply(self)
            except OSError:
                self.close_connection = True  # the caller hung up, as some tests want

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_one_call  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a refused handshake is what some tests ask for

    server = Server(("127.0.0.1", 0), Answering)
    if ssl_context:
        server.socket = ssl_context.wrap_socket(server.socket, server_side=True)
    recorder.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_tool(kind: str, *, input_schema: Any = None, output_schema: Any = None, **config: Any) -> Tool:
    return Tool(
        id="t",
        name="the tool",
        type=kind,
        config=ToolConfig(**config),
        input_schema=input_schema or {},
        output_schema=output_schema or {},
    )


def call(
    tool: Tool, value: Any = None, settings: Settings = LOCAL, *, key: str = "run/node/0", seconds: float = 5
) -> Any:
    return call_tool(ToolRequest(tool, value, key, time.monotonic() + seconds), settings)
