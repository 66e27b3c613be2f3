"""Secrets of tools, where people meet them: when a tool is saved, when it is checked, and in a run's log."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from agentmesh_dagster.store.tables import metadata
from tests.api.office import Office
from tests.shapes import node, workflow
from tests.tools.servers import Recorder, run_recorder

SECRET = "s3cret-of-the-shop"


@pytest.fixture(autouse=True)
def shop(home: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """A server to which the secret SHOP may go; it sends back what it gets."""
    with run_recorder() as recorder:
        monkeypatch.setenv("AGENTMESH_HTTP_ALLOW_HOSTS", "127.0.0.1")
        monkeypatch.setenv("AGENTMESH_SECRET_SHOP", SECRET)
        monkeypatch.setenv("AGENTMESH_SECRET_SHOP_HOSTS", f"http://127.0.0.1:{recorder.port}")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-server")
        recorder.answers(200, json.dumps({"seen": SECRET}).encode())
        yield recorder


def http(url: str, header: str) -> dict[str, Any]:
    config = {"url": url, "headers": {"X-Key": header, "Accept": "application/json"}}
    return {"id": "shop", "name": "Shop", "type": "http", "config": config}


def flow() -> dict[str, Any]:
    nodes = [node("start", "start"), node("ask", "tool", toolId="shop"), node("end", "end")]
    return dict(workflow("flow", nodes, ["start -> ask", "ask -> end"]).to_wire())


def test_a_saved_tool_shows_the_names_of_its_secrets(office: Office, shop: Recorder):
    saved = office.ok("POST", "/tools", http(shop.url, "a ${SHOP}"))
    again = office.ok("PUT", "/tools/shop", saved | {"name": "The shop", "secrets": ["OTHER"]})
    listed = office.ok("GET", "/tools")["items"]
    plain = office.ok("POST", "/tools", http(shop.url, "a") | {"id": "plain"})

    assert [one["secrets"] for one in (saved, again, *listed)] == [["SHOP"]] * 3
    assert "secrets" not in plain
    assert office.ok("POST", "/workflows/validate", {"tools": [saved]})["issues"] == []


def test_what_does_not_resolve_is_told_when_it_is_checked(office: Office, shop: Recorder):
    old, other = http(shop.url, "${SHOP_TOKEN}"), http("https://evil.example/", "${SHOP}")
    own = http("https://evil.example/", "${OPENAI_API_KEY}")

    def check(tool: dict[str, Any]) -> tuple[str, str, str, str]:
        [issue] = office.ok("POST", "/workflows/validate", {"tools": [tool], "workflows": [flow()]})["issues"]
        return issue["code"], issue["severity"], issue["path"], issue["message"]

    code, severity, path, message = check(old)
    assert (code, severity, path) == ("secret-not-open", "warning", '$.tools[0].config.headers["X-Key"]')
    assert "set AGENTMESH_SECRET_SHOP_TOKEN to its value and AGENTMESH_SECRET_SHOP_TOKEN_HOSTS" in message
    assert check(other)[1] == "warning"
    assert "not for the host `evil.example`" in check(other)[3]
    assert check(own)[1] == "error"
    assert office.fault(422, "POST", "/tools", own)["issues"][0]["code"] == "secret-not-open"

    office.ok("POST", "/tools", old)
    [issue] = office.ok("POST", "/workflows/validate", flow())["issues"]
    assert (issue["code"], issue["nodeId"], issue["severity"]) == ("secret-not-open", "ask", "warning")


def test_each_use_is_an_event_and_the_secret_stays_out_of_the_store(office: Office, shop: Recorder):
    office.apply(tools=[http(shop.url, "${SHOP}")], workflows=[flow()])

    run = office.run("flow")

    assert run["output"] == {"seen": "***"}
    assert shop.received[0].headers["x-key"] == SECRET
    recorded = office.ok("GET", f"/runs/{run['id']}/events", params={"limit": 100})["items"]
    types = [event["type"] for event in recorded]
    used = next(event for event in recorded if event["type"] == "secret.used")
    assert types.index("tool.request") < types.index("secret.used") < types.index("tool.response")
    assert used["payload"]["name"] == "SHOP"
    assert used["payload"]["host"] == "127.0.0.1"
    with office.services.store.read() as connection:
        rows = [repr(connection.execute(select(table)).all()) for table in metadata.sorted_tables]
    assert not [row for row in rows if SECRET in row]
    assert SECRET not in json.dumps([entry.to_json() for entry in office.instance.all_logs(run["launches"][0])])


def test_a_tool_that_goes_to_an_editors_own_host_gets_nothing(office: Office, shop: Recorder):
    with run_recorder() as own:
        office.apply(tools=[http(own.url, "${SHOP}")], workflows=[flow()])

        run = office.run("flow")

        assert run["status"] == "failed"
        assert "not for the host" in run["error"]
        assert not own.received
        assert "not for the host" in office.fault(422, "POST", "/tools/shop/try", {})["detail"]
