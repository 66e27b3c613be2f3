"""Notices: a gate's webhook hears of it, signed, once, also when it was away at first."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import dagster as dg
import pytest
from pydantic import SecretStr

from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.tables import gates
from tests.control.test_gates import Office, draft_gate_publish


class Webhook(ThreadingHTTPServer):
    """A real server that answers with the statuses it is given, then with 204."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.heard: list[tuple[dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), _Hook)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Webhook)
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    server = Webhook()
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    settings = services.settings.model_copy(
        update={
            "http_allow_hosts": "127.0.0.1",
            "webhook_secret": SecretStr("s3cret"),
            "public_url": "https://am.example",
        }
    )
    return Office(replace(services, settings=settings), instance)


def test_the_webhook_is_told_once_with_a_signature_and_a_link(office: Office, webhook: Webhook):
    run_id = office.start(draft_gate_publish(instructions="Please look", notify={"url": webhook.url}))
    step_id = office.gate(run_id, "gate")

    run_maintenance(office.services, office.instance)
    run_maintenance(office.services, office.instance)

    [(headers, body)] = webhook.heard
    told = json.loads(body)
    assert (told["stepId"], told["runId"], told["instructions"]) == (step_id, run_id, "Please look")
    assert told["link"] == f"https://am.example/agentmesh/approvals/{step_id}"
    digest = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert headers["x-agentmesh-signature"] == f"sha256={digest}"
    assert headers["idempotency-key"] == step_id


def test_a_webhook_that_fails_is_told_again_later_and_the_gate_can_be_answered_meanwhile(
    office: Office, webhook: Webhook
):
    webhook.statuses = [503]
    run_id = office.start(draft_gate_publish(notify={"url": webhook.url}))

    run_maintenance(office.services, office.instance)
    run_maintenance(office.services, office.instance)
    assert len(webhook.heard) == 1, "not at once"

    with office.services.store.begin() as tx:
        tx.execute(gates.update().values(notice_due_at=now(tx)))
    run_maintenance(office.services, office.instance)
    assert len(webhook.heard) == 2
    assert office.run(run_id).waiting_on
