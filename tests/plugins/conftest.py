"""The package of docs/EXTENDING.md, installed for an `agentmesh dev` of these tests' own."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.installing import install_acme
from tests.process.servers import RunningDev, run_dev

KEY = "acme-key-that-nobody-may-see"


@dataclass
class AcmeServer:
    """What the provider `acme` asks: it answers with what it was told, or refuses and quotes the key."""

    url: str
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    is_broken: bool = False


@pytest.fixture(scope="session")
def acme_server() -> Iterator[AcmeServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said.asked.append(body)
            key = self.headers["Authorization"].removeprefix("Bearer ")
            if said.is_broken:
                self._answer(400, {"error": {"message": f"the key {key} is fine, your request is not"}})
            else:
                text = f"Dear {body['messages'][-1]['text']}"
                self._answer(200, {"id": "a1", "text": text, "tokens": {"in": 7, "out": 3}})

        def _answer(self, status: int, body: object) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Nobody wants to read it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    said = AcmeServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield said
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def acme_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed package, to stand on the path."""
    return install_acme(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="package")
def acme_dev(
    tmp_path_factory: pytest.TempPathFactory, acme_site: Path, acme_server: AcmeServer
) -> Iterator[RunningDev]:
    """A server with the package and a file of orders, without login."""
    folder = tmp_path_factory.mktemp("acme")
    with sqlite3.connect(folder / "orders.db") as orders:
        orders.execute("CREATE TABLE orders (id INTEGER, customer TEXT, total REAL)")
        orders.executemany("INSERT INTO orders VALUES (?, ?, ?)", [(1, "Ada", 9.5), (2, "Bob", 3.0), (3, "Ada", 4.0)])
    orders.close()
    environment = {"PYTHONPATH": str(acme_site), "ACME_BASE_URL": acme_server.url, "ACME_API_KEY": KEY}
    with run_dev(folder, environment=environment) as running:
        yield running
