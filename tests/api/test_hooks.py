"""Webhooks of third parties: checked as their senders sign, and one event each, however often they come."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store.tables import hooks, posted_events
from tests.api.flows import straight
from tests.api.office import Office

SECRET = "it is known to two"
BODY = {"action": "opened", "id": "evt_1", "type": "invoice.paid"}
RAW = json.dumps(BODY).encode()


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTMESH_SECRET_SENDER", SECRET)
    monkeypatch.setenv("AGENTMESH_SECRET_SENDER_HOSTS", "none")
    get_settings.cache_clear()


def sign(signed: bytes) -> bytes:
    return hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()


def github(raw: bytes = RAW, delivery: str = "d1", event: str = "push") -> dict[str, str]:
    return {
        "X-Hub-Signature-256": f"sha256={sign(raw).hex()}",
        "X-GitHub-Delivery": delivery,
        "X-GitHub-Event": event,
    }


def stripe(raw: bytes = RAW, moment: int | None = None) -> dict[str, str]:
    at = int(time.time()) if moment is None else moment
    return {"Stripe-Signature": f"t={at},v1={'0' * 64},v1={sign(f'{at}.'.encode() + raw).hex()},v0=x"}


def slack(raw: bytes = RAW, moment: int | None = None) -> dict[str, str]:
    at = int(time.time()) if moment is None else moment
    signature = sign(f"v0:{at}:".encode() + raw).hex()
    return {"X-Slack-Signature": f"v0={signature}", "X-Slack-Request-Timestamp": str(at)}


def shopify(raw: bytes = RAW) -> dict[str, str]:
    digest = base64.b64encode(sign(raw)).decode()
    return {"X-Shopify-Hmac-Sha256": digest, "X-Shopify-Webhook-Id": "s1"}


def own(raw: bytes = RAW) -> dict[str, str]:
    return {"X-Signature": f"v1={sign(raw).hex()}", "X-Delivery": "o1"}


OWN = {"scheme": "hmac", "header": "X-Signature", "prefix": "v1="}


def create(office: Office, scheme: Any = "github", event: str = "order.paid", **fields: Any) -> dict[str, Any]:
    about = {"scheme": scheme} if isinstance(scheme, str) else scheme
    signature = None if scheme is None else {**about, "secret": "SENDER"}
    office.ok("POST", "/workflows", straight(triggers=[{"type": "event", "name": "order.paid"}]))
    return office.ok("POST", "/hooks", {"name": "them", "eventName": event, "signature": signature, **fields})


def post(office: Office, hook: dict[str, Any], headers: dict[str, str], raw: bytes = RAW, kind: str = "") -> Any:
    content = {"Content-Type": kind or "application/json"}
    return office.client.post(f"/hooks/{hook['token']}", content=raw, headers=content | headers)


def events(office: Office) -> list[tuple[str, Any]]:
    with office.services.store.read() as connection:
        rows = connection.execute(posted_events.select().order_by(posted_events.c.posted_at))
        return [(row.name, row.body) for row in rows]


@pytest.mark.parametrize(
    ("scheme", "headers", "fields"),
    [
        ("github", github, {}),
        ("stripe", stripe, {}),
        ("slack", slack, {"deliveryId": "digest"}),
        ("shopify", shopify, {}),
        (OWN, own, {"deliveryId": "header:X-Delivery"}),
        (None, dict, {"deliveryId": "field:id"}),
    ],
    ids=["github", "stripe", "slack", "shopify", "own", "unsigned"],
)
def test_what_is_signed_becomes_one_event_however_often_it_comes(
    office: Office, scheme: Any, headers: Any, fields: dict[str, Any]
):
    hook = create(office, scheme, **fields)

    first, again = post(office, hook, headers()), post(office, hook, headers())

    assert (first.status_code, again.status_code) == (202, 202), first.text
    assert (first.json()["isNew"], again.json()["isNew"]) == (True, False)
    assert events(office) == [("order.paid", BODY)]
    if scheme is not None:
        forged = post(office, hook, headers(), raw=RAW.replace(b"opened", b"closed"))
        assert forged.status_code == 401
        assert forged.json()["detail"] == "What was posted is not signed as the hook wants it."
        missing = post(office, hook, {})
        assert missing.status_code == 401
        [listed] = office.ok("GET", "/hooks")["items"]
        assert "there is no header" in listed["lastRefusal"]
    assert len(events(office)) == 1


@pytest.mark.parametrize("headers", [stripe, slack])
def test_a_signature_of_long_ago_is_refused(office: Office, headers: Any):
    hook = create(office, "stripe" if headers is stripe else "slack")

    assert post(office, hook, headers(moment=int(time.time()) - 301)).status_code == 401
    assert post(office, hook, headers(moment=int(time.time()) + 301)).status_code == 401
    assert post(office, hook, headers(moment=int(time.time()) - 290)).status_code == 202


def test_an_unknown_token_is_not_found_and_an_old_one_neither(office: Office):
    hook = create(office)
    assert post(office, {"token": "unknown"}, github()).status_code == 404

    rotated = office.ok("POST", f"/hooks/{hook['id']}/rotate")

    assert rotated["token"] != hook["token"]
    assert post(office, hook, github()).status_code == 404
    assert post(office, rotated, github()).status_code == 202
    office.ok("DELETE", f"/hooks/{hook['id']}")
    assert post(office, rotated, github()).status_code == 404
    assert office.ok("GET", "/hooks")["items"] == []


def test_forms_become_objects_and_a_payload_is_read(office: Office):
    hook = create(office, None)
    form = "application/x-www-form-urlencoded"

    assert post(office, hook, {}, b"text=hi+there&tag=a&tag=b&empty=", form).status_code == 202
    assert post(office, hook, {}, b"payload=%7B%22n%22%3A1%7D", form).status_code == 202
    assert post(office, hook, {}, b"<x/>", "text/xml").status_code == 415
    assert post(office, hook, {}, b"{not json").status_code == 422

    assert [body for _, body in events(office)] == [{"text": "hi there", "tag": ["a", "b"], "empty": ""}, {"n": 1}]


def test_senders_that_try_the_address_out_are_answered_and_nothing_starts(office: Office):
    at_github = create(office)
    ping = post(office, at_github, github(event="ping"))
    assert (ping.status_code, ping.json()) == (200, {"pong": True})
    assert post(office, at_github, {"X-GitHub-Event": "ping"}).status_code == 401, "signed as all else"

    raw = json.dumps({"type": "url_verification", "challenge": "3eZbrw"}).encode()
    at_slack = office.ok(
        "POST", "/hooks", {"name": "slack", "eventName": "said", "signature": {"scheme": "slack", "secret": "SENDER"}}
    )
    answer = post(office, at_slack, slack(raw), raw)
    assert (answer.status_code, answer.json()) == (200, {"challenge": "3eZbrw"})
    assert events(office) == []


def test_the_events_name_has_what_the_sender_says_of_its_kind(office: Office):
    by_header = create(office, event="github.{X-GitHub-Event}")
    by_field = office.ok("POST", "/hooks", {"name": "other", "eventName": "stripe.{type}"})

    assert post(office, by_header, github()).status_code == 202
    assert post(office, by_field, {}).status_code == 202
    assert post(office, by_field, {}, b'{"type": "no/way"}').status_code == 422

    assert [name for name, _ in events(office)] == ["github.push", "stripe.invoice.paid"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [(b"type=paid&text=%00", "$[2].text"), (b"type=" + b"x" * 100, "1 to 255 characters")],
    ids=["no-json-of-ours", "long-name"],
)
def test_a_delivery_that_cannot_be_kept_is_told_to_who_looks_after_the_hook(office: Office, raw: bytes, said: str):
    hook = create(office, None, event="e" * 180 + ".{type}")

    assert post(office, hook, {}, raw, "application/x-www-form-urlencoded").status_code in (400, 422)

    [listed] = office.ok("GET", "/hooks")["items"]
    assert said in listed["lastRefusal"]


def test_nothing_of_token_and_secret_is_kept(office: Office):
    hook = create(office)
    post(office, hook, github())

    with office.services.store.read() as connection:
        kept = str(connection.execute(hooks.select()).all())
    assert hook["token"] not in kept
    assert SECRET not in kept
    audit = json.dumps(office.ok("GET", "/events"))
    assert "hook.created" in audit
    assert "hook: them" in audit
    assert hook["token"] not in audit
    assert "token" not in office.ok("GET", "/hooks")["items"][0]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"signature": {"scheme": "github", "secret": "OTHER"}}, "AGENTMESH_SECRET_OTHER"),
        ({"signature": {"scheme": "hmac", "secret": "SENDER"}}, "needs `header`, which has the signature"),
        ({"signature": {"scheme": "slack", "secret": "SENDER", "header": "X-Mine"}}, "not with `slack`"),
        ({"signature": {"scheme": "github", "secret": "SENDER", "encoding": "base64"}}, "not with `github`"),
        ({"signature": {"scheme": "gitlab", "secret": "SENDER"}}, "signature.scheme"),
        ({"eventName": "a/b"}, "eventName"),
        ({"deliveryId": "body"}, "deliveryId"),
    ],
)
def test_a_faulty_hook_is_an_issue(office: Office, fields: dict[str, Any], said: str):
    office.ok("POST", "/workflows", straight())

    problem = office.fault(422, "POST", "/hooks", {"name": "x", "eventName": "e", **fields})

    assert said in json.dumps(problem["issues"])


def test_two_hooks_of_a_project_have_two_names_and_the_project_is_there(office: Office):
    create(office)

    office.fault(409, "POST", "/hooks", {"name": "them", "eventName": "e"})
    office.fault(404, "POST", "/hooks", {"name": "other", "eventName": "e", "projectId": "nowhere"})


def test_the_history_of_a_trigger_says_what_became_of_each_event(office: Office):
    trigger = {"type": "event", "name": "order.paid", "condition": "context.event.amount > 3"}
    office.ok("POST", "/workflows", straight(triggers=[trigger, {"type": "cron", "cron": "0 9 * * *"}]))
    office.ok("POST", "/events/order.paid", {"amount": 7}, headers={"Idempotency-Key": "4711"})

    event, cron = office.ok("GET", "/workflows/straight/triggers")["items"]

    [outcome] = event["outcomes"]
    assert (outcome["state"], outcome["eventId"]) == ("waiting", "4711")
    assert "order.paid" in event["description"]
    assert (cron["name"], cron["outcomes"]) == ("cron", [])
    office.fault(404, "GET", "/workflows/nothing/triggers")
