"""What somebody may send, and what it may cost: little before login, and never so much that the server stands still."""

import json
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from graphql import OperationDefinitionNode, get_introspection_query, parse
from websockets.exceptions import ConnectionClosed

from agentmesh_dagster.api.login.bodies import Bodies, TooManyBodies
from agentmesh_dagster.api.login.graphql_cost import FOR_READERS, check_cost, load_schema
from agentmesh_dagster.entities.access import Role
from agentmesh_dagster.store import Store
from tests.login.dagster_ui import list_queries
from tests.login.server import QUERY, Server, run_server
from tests.process.servers import wait_until

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["/api/session", "/login"])
def test_nobody_sends_much_before_the_login(server: Server, path: str):
    with server.client(origin=server.origin, sec_fetch_site="same-origin") as nobody:
        for body in (b"[" + b"[]," * 3_000_000 + b"[]]", b" " * 16_385):
            assert nobody.post(path, content=body, headers=JSON).status_code == 413
            chunks = (body[place : place + 4_096] for place in range(0, len(body), 4_096))
            assert nobody.post(path, content=chunks, headers=JSON).status_code == 413
        assert nobody.post(path, content=b" " * 16_384, headers=JSON).status_code in (400, 403, 422)


def test_who_is_known_has_a_bounded_number_of_patterns_compiled(server: Server):
    schemas = [{"properties": {"x": {"pattern": rf"\pL{{9}}v{number}"}}} for number in range(300)]
    gates = [
        {"id": f"g{place}", "type": "human_approval", "config": {"schema": schema}}
        for place, schema in enumerate(schemas)
    ]
    with server.script(Role.EDITOR) as editor:
        refused = editor.post("/api/workflows/validate", json={"id": "w", "name": "W", "graph": {"nodes": gates}})
        assert refused.status_code == 422
        assert refused.json()["type"] == "urn:agentmesh:problem:too-many-patterns"


def test_who_is_known_sends_a_bounded_number_of_values(server: Server):
    with server.script(Role.EDITOR) as editor:
        many = editor.post("/api/workflows/validate", content=b"[" + b"[]," * 3_000_000 + b"[]]", headers=JSON)
        assert many.status_code == 400
        assert "500,000 values" in many.json()["detail"]
        text = json.dumps({"text": '[],"\\' * 600_000})
        assert editor.post("/api/workflows/validate", content=text.encode(), headers=JSON).status_code == 200

        nested = json.dumps({"query": QUERY, "variables": {"x": [[]] * 600_000}}).encode()
        assert editor.post("/graphql", content=nested, headers=JSON).status_code == 400
        huge = editor.post("/graphql", content=b" " * 10_000_001, headers=JSON)
        assert huge.status_code == 413


def test_bodies_that_are_held_at_once_are_bounded(own_store: Store, tmp_path: Path):
    with run_server(own_store, tmp_path, max_bodies_bytes=20_000) as server, server.script(Role.ADMIN) as admin:
        full = admin.post("/api/workflows/validate", content=b"[" + b" " * 20_000 + b"]", headers=JSON)
        assert full.status_code == 503
        assert full.headers["retry-after"] == "1"
        for _ in range(5):  # what is over is given back
            held = admin.post("/api/workflows/validate", content=b"[" + b" " * 15_000 + b"]", headers=JSON)
            assert held.status_code == 200


def test_what_is_held_is_counted_together_and_for_everybody():
    bodies = Bodies(800_000, max_of_one=200_000)
    with bodies.hold("ann") as first, bodies.hold("ann") as second, bodies.hold("ben") as other:
        bodies.take(first, 150_000)
        with pytest.raises(TooManyBodies):
            bodies.take(second, 60_000)
        bodies.take(other, 150_000)
        bodies.take(second, 50_000)
    with ExitStack() as stack:
        for number in range(7):
            bodies.take(stack.enter_context(bodies.hold(f"number {number}")), 100_000)
        large, small = (stack.enter_context(bodies.hold(size)) for size in ("large", "small"))
        with pytest.raises(TooManyBodies):
            bodies.take(large, 70_000)
        bodies.take(small, 60_000)  # of the last eighth
    with bodies.hold("ann") as again:
        bodies.take(again, 200_000)


@pytest.mark.parametrize("path", ["/graphql", "/api/workflows/validate"])
def test_who_sends_slowly_keeps_nobody_out(own_store: Store, tmp_path: Path, path: str):
    with (
        run_server(own_store, tmp_path, max_bodies_bytes=4_000_000, max_value_bytes=1_000_000) as server,
        server.script(Role.VIEWER) as viewer,
        server.script(Role.EDITOR) as editor,
        server.client() as nobody,
        ExitStack() as stack,
    ):
        for _ in range(40):
            send_half(stack, server, viewer, path, "Content-Length: 999999", b"{")
            send_half(stack, server, viewer, path, "Transfer-Encoding: chunked", b"1\r\n{\r\n")
        assert send_valid(viewer) == send_valid(editor) == 200, "what is announced has not arrived"
        for _ in range(40):
            send_half(stack, server, viewer, path, "Content-Length: 999999", b"{" * 900_000)
            send_half(stack, server, nobody, "/api/session", "Content-Length: 16000", b"{" * 15_000)
        wait_until(lambda: send_valid(viewer) == 503, 20)
        assert send_valid(editor) == 200
        assert editor.post("/graphql", json={"query": QUERY}).status_code == 200
        # Nobody who is known is behind those from this address who are not; and these are bounded by themselves.
        assert nobody.post("/api/session", json={"name": "ann", "password": "?"}).status_code == 401


def send_half(stack: ExitStack, server: Server, who: httpx2.Client, path: str, announced: str, body: bytes) -> None:
    """Begins to send a body, and says no more until the end of the block; or is refused."""
    half = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
    known = f"Authorization: {who.headers['authorization']}\r\n" if "authorization" in who.headers else ""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{known}Content-Type: application/json\r\n"
    with suppress(ConnectionError):
        half.sendall(f"{head}{announced}\r\n\r\n".encode() + body)


def send_valid(who: httpx2.Client) -> int:
    return who.post("/api/workflows/validate", content=b"[" + b" " * 150_000 + b"]", headers=JSON).status_code


def test_every_query_of_dagsters_own_pages_is_let_through_for_a_reader():
    queries = list_queries()
    assert len(queries) > 150, "they are written another way now: tests/login/dagster_ui.py must learn it"
    for query in queries.values():
        document = parse(query)
        asked = next(part for part in document.definitions if isinstance(part, OperationDefinitionNode))
        names = [part.variable.name.value for part in asked.variable_definitions]
        check_cost(document, {name: 1_000 for name in names if "limit" in name.lower()}, FOR_READERS)
    check_cost(parse(get_introspection_query()), {}, FOR_READERS)


def nest(levels: int) -> str:
    return "{ " + "assetNodes { dependencies { asset { " * levels + "id" + " } } }" * levels + " }"


TOO_MUCH = {
    "aliases": "{ " + " ".join(f"a{number}: version" for number in range(301)) + " }",
    "fields": "{ " + "version " * 10_001 + "}",
    "words": "{ " + "version " * 20_001 + "}",
    "levels": nest(11),
    "lists in lists": nest(9),
    "fragments": "".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }} " for n in range(20))
    + "fragment F20 on Query { version } { ...F0 }",
    "a ring": "fragment A on Query { version ...B } fragment B on Query { ...A } { ...A }",
    "items": "{ runsOrError(limit: 10001) { ... on Runs { results { id } } } }",
    "items in items": """{ runsOrError(limit: 9000) { ... on Runs { results {
        eventConnection(limit: 9000) { events { ... on MessageEvent { message } } } } } } }""",
}


@pytest.mark.parametrize("what", TOO_MUCH)
@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
def test_a_query_that_asks_for_too_much_is_not_executed(server: Server, role: Role, what: str):
    with server.script(role) as somebody:
        refused = somebody.post("/graphql", json={"query": TOO_MUCH[what]})

    assert refused.status_code == 400, refused.text
    [error] = refused.json()["errors"]
    assert error["message"].endswith(".")


def double(levels: int, last: str, spread: str = "...{}") -> str:
    """Fragments that each spread the next one twice: written out they are 2 to the power of `levels`."""
    twice = (f"{spread.format(f'F{n + 1}')} {spread.format(f'F{n + 1}')}" for n in range(levels))
    doubled = (f"fragment F{n} on Query {{ {both} }} " for n, both in enumerate(twice))
    return f"query Read {{ ...F0 }} {''.join(doubled)} fragment F{levels} on Query {{ {last} }}"


# Without a bound on the work each takes seconds, and with some levels more it never ends.
LABORIOUS = {
    "an undefined fragment": double(24, "...Nope"),
    "an undefined fragment on no type": double(24, "...Nope", "... on Nope {{ ...{} }}"),
    "inline fragments": double(24, "...Nope", "... {{ ...{} }}"),
    "directives": double(24, "...Nope", "...{} @include(if: [[{{a: 1}}]])"),
    "a ring at the end": double(24, "...F24"),
    "a field at the end": double(24, "version"),
    "aliases": double(24, "...Nope", "a: nope {{ ...{} }}"),
    "operations": " ".join(f"query Read{n} {{ ...F }}" for n in range(90))
    + f"fragment F on Query {{ {'...Nope ' * 6_000}}}",
    "an argument": f"{{ {'...F ' * 5_000}}} fragment F on Query {{ runsOrError(limit: [{'1 ' * 9_000}]) {{ ...N }} }}",
    "fragments": f"{{ {' '.join(f'...F{n}' for n in range(1_500))} }}"
    + " ".join(f"fragment F{n} on Query {{ version }}" for n in range(1_500)),
    "a chain": "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(1_500)),
    "a long number": f"{{ runsOrError(limit: {'9' * 9_000}) {{ __typename }} }}",
}


@pytest.mark.parametrize("what", LABORIOUS)
def test_to_find_out_what_a_query_costs_costs_little(server: Server, what: str):
    variables = {f"v{number}": number for number in range(20_000)}
    with server.script(Role.VIEWER) as viewer, server.websocket(viewer) as websocket:
        load_schema()
        began = time.process_time()  # server and test are one process
        refused = viewer.post("/graphql", json={"query": LABORIOUS[what], "variables": variables})
        websocket.send(json.dumps({"id": "1", "type": "start", "payload": {"query": LABORIOUS[what]}}))
        with suppress(ConnectionClosed):
            assert json.loads(websocket.recv(timeout=20))["type"] == "error"
        took = time.process_time() - began

    assert refused.status_code == 400, refused.text
    assert took < 5


READERS_ONLY: list[tuple[str, dict[str, Any]]] = [
    ("{ " + " ".join(f"a{number}: version" for number in range(31)) + " }", {}),
    ("query Runs($n: Int) { runsOrError(limit: $n) { ... on Runs { results { id } } } }", {"n": 1_001}),
    ("query Runs($n: Int) { runsOrError(limit: $n) { ... on Runs { results { id } } } }", {"n": 1_001.0}),
    ("query Runs($n: Int = 1001) { runsOrError(limit: $n) { ... on Runs { results { id } } } }", {}),
]


@pytest.mark.parametrize(("query", "variables"), READERS_ONLY)
def test_who_may_edit_may_ask_for_more(server: Server, query: str, variables: dict[str, Any]):
    with server.script(Role.APPROVER) as reader, server.script(Role.EDITOR) as editor:
        assert reader.post("/graphql", json={"query": query, "variables": variables}).status_code == 400
        assert editor.post("/graphql", json={"query": query, "variables": variables}).status_code == 200
