"""GraphQL behind the guard: who may change what, and that no way leads around it."""

import json
from typing import Any

import dagster as dg
import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from agentmesh_dagster.entities.access import Role
from agentmesh_dagster.store.people import change_user, revoke_token
from tests.login.server import MUTATION, QUERY, TESTER, Server

READERS, EDITORS = (Role.VIEWER, Role.APPROVER), (Role.EDITOR, Role.ADMIN)
SUBSCRIPTION = "subscription Locations { locationStateChangeEvents { event { message } } }"


@pytest.mark.parametrize("role", READERS)
@pytest.mark.parametrize("way", ["script", "browser"])
def test_who_may_not_edit_may_ask_only(either_server: Server, role: Role, way: str):
    with open_client(either_server, role, way) as reader:
        asked = reader.post("/graphql", json={"query": QUERY, "variables": None, "operationName": "Read"})
        refused = reader.post("/graphql", json={"query": MUTATION})

    assert asked.status_code == 200
    assert asked.json()["data"]["version"] == "1.2.3"
    assert refused.status_code == 403
    assert refused.json()["errors"] == [{"message": f"Your role is {role.value}, and this needs editor or admin."}]
    assert not either_server.is_paused()


@pytest.mark.parametrize("role", EDITORS)
@pytest.mark.parametrize("way", ["script", "browser"])
def test_who_may_edit_may_mutate(either_server: Server, role: Role, way: str):
    with open_client(either_server, role, way) as editor:
        changed = editor.post("/graphql", json={"query": MUTATION})

    assert changed.json() == {"data": {"setAutoMaterializePaused": True}}
    assert either_server.is_paused()


@pytest.mark.parametrize("role", Role)
def test_dagsters_ui_is_told_what_somebody_may_do(sqlite_server: Server, role: Role):
    with sqlite_server.script(role) as somebody:
        told = somebody.post("/graphql", json={"query": "{ permissions { permission value } }"}).json()["data"]

    granted = {entry["permission"]: entry["value"] for entry in told["permissions"]}
    assert granted["terminate_pipeline_execution"] is (role in EDITORS)
    assert granted["edit_sensor"] is (role in EDITORS)


def open_client(server: Server, role: Role, way: str) -> httpx2.Client:
    return server.script(role) if way == "script" else server.browser(role)


BOTH = f"{QUERY} {MUTATION}"


@pytest.mark.parametrize(
    "body",
    [
        {"query": BOTH, "operationName": "Change"},
        {"query": BOTH},  # which one? Dagster refuses it too
        {"query": BOTH, "operationName": "Neither"},
        {"query": BOTH, "operationName": ""},
        {"query": BOTH, "operationName": ["Read"]},
        {"query": MUTATION, "operationName": "Read"},
        {"query": "mutation { ...on Mutation { setAutoMaterializePaused(paused: true) } }"},
        {"query": f"# query\n{MUTATION}"},
        {"query": f"\ufeff{MUTATION}"},
        {"query": "{" * 5_000},
        {"query": "not graphql"},
        {"query": None},
        {"query": [MUTATION]},
        [{"query": MUTATION}],
        [{"query": QUERY}],
        {"queries": MUTATION},
        MUTATION,
        7,
    ],
)
def test_what_is_not_surely_a_read_is_refused_to_a_viewer(server: Server, body: Any):
    with server.script(Role.VIEWER) as viewer:
        answer = viewer.post("/graphql", json=body)

    assert answer.status_code == 403
    assert not server.is_paused()


def test_the_operation_that_is_named_counts(server: Server):
    with server.script(Role.VIEWER) as viewer:
        answer = viewer.post("/graphql", json={"query": BOTH, "operationName": "Read"})

    assert answer.json()["data"]["version"] == "1.2.3"
    assert not server.is_paused()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_mutation_in_another_encoding_is_one(server: Server, encoding: str):
    body = json.dumps({"query": MUTATION}).encode(encoding)
    with server.script(Role.VIEWER) as viewer:
        answer = viewer.post("/graphql", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 403
    assert not server.is_paused()


def test_of_two_queries_in_one_object_the_last_counts_as_it_does_for_dagster(server: Server):
    first, last = json.dumps(QUERY), json.dumps(MUTATION)
    with server.script(Role.VIEWER) as viewer:
        body = f'{{"query": {first}, "query": {last}}}'
        answer = viewer.post("/graphql", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 403
    assert not server.is_paused()


def test_nothing_is_executed_from_a_url(server: Server):
    with server.browser(Role.ADMIN) as browser, server.browser(Role.VIEWER) as viewer:
        in_url = {"query": MUTATION}
        assert browser.get("/graphql", params=in_url).status_code == 405
        assert browser.get("/graphql", params={"x": "", **in_url}, headers={"Accept": "text/html"}).status_code == 405
        assert browser.head("/graphql", params=in_url).status_code == 405
        assert browser.post("/graphql", params=in_url, json={"query": QUERY}).status_code == 405
        assert browser.post("/graphql", params=in_url).status_code == 405
        # Dagster looks for `application/json` in lower case, else it takes the URL.
        upper = {"Content-Type": "Application/JSON"}
        assert viewer.post("/graphql", params=in_url, content=b"{}", headers=upper).status_code == 405
        assert viewer.post("/graphql", content=b"{}", headers=upper).status_code == 415
        assert viewer.get("/graphql%0A", params=in_url).status_code == 400
    assert not server.is_paused()


def test_graphiql_is_shown(server: Server):
    with server.browser(Role.VIEWER) as viewer:
        page = viewer.get("/graphql", headers={"Accept": "text/html"})

    assert page.status_code == 200
    assert "GraphiQL" in page.text


def test_a_body_that_is_too_long_is_not_read_for_a_viewer(server: Server):
    with server.script(Role.VIEWER) as viewer:
        answer = viewer.post("/graphql", json={"query": QUERY + " " * 10_000_001})

    assert answer.status_code == 413


def test_a_long_query_reaches_dagster_whole(server: Server):
    with server.script(Role.VIEWER) as viewer:
        answer = viewer.post("/graphql", json={"query": QUERY + " " * 1_000_000})

    assert answer.json()["data"]["version"] == "1.2.3"


@pytest.mark.parametrize("role", Role)
def test_a_subscription_is_for_everybody_and_a_mutation_comes_through_no_websocket(server: Server, role: Role):
    with server.script(role) as script:
        with server.websocket(script) as websocket:
            ask(websocket, SUBSCRIPTION)
            ask(websocket, "subscription Bad { nothing }", number="2")
            assert answer_of(websocket) == ("error", "2")
        for query in (MUTATION, f"{SUBSCRIPTION} {MUTATION}"):
            with server.websocket(script) as websocket:
                ask(websocket, query)
                if role in READERS:
                    with pytest.raises(ConnectionClosed) as closed:
                        websocket.recv(timeout=10)
                    assert closed.value.rcvd is not None
                    assert closed.value.rcvd.code == 1008
                else:
                    assert answer_of(websocket) == ("error", "1")  # Dagster executes subscriptions alone
    assert not server.is_paused()


def test_an_open_websocket_is_closed_when_its_token_is_revoked(either_server: Server):
    with either_server.script(Role.EDITOR, "ci") as script, either_server.websocket(script) as websocket:
        ask(websocket, "subscription Bad { nothing }")
        assert answer_of(websocket) == ("error", "1")
        with either_server.store.begin() as tx:
            revoke_token(tx, "ci", by=TESTER)

        with pytest.raises(ConnectionClosed):
            ask(websocket, "subscription Bad { nothing }", number="2")


def test_a_change_of_role_counts_at_the_next_request(either_server: Server):
    with either_server.browser(Role.EDITOR, "ann") as browser:
        assert browser.post("/graphql", json={"query": MUTATION}).status_code == 200
        with either_server.store.begin() as tx:
            change_user(tx, "ann", role=Role.VIEWER, by=TESTER)
        assert browser.post("/graphql", json={"query": MUTATION}).status_code == 403


def ask(websocket: ClientConnection, query: str, number: str = "1") -> None:
    websocket.send(json.dumps({"type": "connection_init", "payload": {}}))
    assert json.loads(websocket.recv(timeout=10)) == {"type": "connection_ack"}
    websocket.send(json.dumps({"type": "start", "id": number, "payload": {"query": query, "variables": {}}}))


def answer_of(websocket: ClientConnection) -> tuple[str, str]:
    answer = json.loads(websocket.recv(timeout=10))
    return answer["type"], answer["id"]


TERMINATE = """mutation Stop($id: String!) { terminateRun(runId: $id) { __typename } }"""
CAN_TERMINATE = """query Shown($id: ID!) { runOrError(runId: $id) { ... on Run { canTerminate } } }"""


def test_a_suspended_run_can_be_terminated(sqlite_server: Server):
    @dg.job
    def some_job() -> None: ...

    run_id = sqlite_server.instance.create_run_for_job(some_job, status=dg.DagsterRunStatus.SUSPENDED).run_id
    with sqlite_server.script(Role.EDITOR) as editor:
        shown = editor.post("/graphql", json={"query": CAN_TERMINATE, "variables": {"id": run_id}}).json()
        told = editor.post("/graphql", json={"query": TERMINATE, "variables": {"id": run_id}}).json()

    assert shown["data"]["runOrError"] == {"canTerminate": True}
    assert told["data"]["terminateRun"] == {"__typename": "TerminateRunSuccess"}
    ended = sqlite_server.instance.get_run_by_id(run_id)
    assert ended
    assert ended.status is dg.DagsterRunStatus.CANCELED
