"""Faults: each one a problem with a plain sentence, whatever was sent."""

import logging
from typing import Any

import httpx2
import pytest

from tests.api.flows import AGENT, straight
from tests.api.office import Office

JSON = {"Content-Type": "application/json"}


BODIES = [
    (b"{", "line 1, column 2"),
    (b"", "body is missing"),
    (b'{"input": NaN}', "NaN"),
    (b'{"input": 1, "input": 2}', "stands twice"),
    (b'{"input": "\\ud800"}', "surrogate"),
    (b'{"input": "\\u0000"}', "\\u0000"),
    (b'{"input": "\xff"}', "UTF-8"),
    (b'{"input": ' + b"[" * 300 + b"]" * 300 + b"}", "deeper"),
    (b'{"input": ' + b"9" * 5000 + b"}", "too long"),
    (b'{"inptu": 1}', "did you mean `input`?"),
    (b"[]", "must be an object"),
    (b"null", "must be an object"),
]


def test_a_body_that_cannot_be_kept_is_refused_in_plain_words(office: Office):
    office.ok("POST", "/workflows", straight())
    for body, says in BODIES:
        response = office.client.post("/workflows/straight/runs", content=body, headers=JSON)

        assert response.status_code in (400, 422), body[:40]
        assert response.headers["content-type"] == "application/problem+json"
        assert says in response.json()["detail"], body[:40]
    assert office.ok("GET", "/runs")["items"] == []


def test_what_is_not_called_json_is_refused(office: Office):
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"):
        response = office.client.post("/agents", content=b"{}", headers={"Content-Type": content_type})
        assert response.status_code == 415, content_type
    assert office.client.post("/agents", content=b"{}").status_code == 415
    vendor = office.client.post("/agents", content=b"{}", headers={"Content-Type": "application/merge+json"})
    assert vendor.status_code == 422


def test_what_is_too_large_is_refused_before_it_is_read(office: Office):
    limit = office.services.settings.max_value_bytes
    body = b'{"input": "' + b"a" * limit + b'"}'
    for content in (body, iter([body[: limit // 2], body[limit // 2 :]])):  # with its length announced, and in parts
        try:
            response = office.client.post("/workflows/none/runs", content=content, headers=JSON)
        except httpx2.WriteError:
            continue  # the server hung up rather than read on
        assert response.status_code == 413
        assert "AGENTMESH_MAX_VALUE_BYTES" in response.json()["detail"]


def test_pages_and_methods_that_there_are_not(office: Office):
    assert "openapi.json" in office.fault(404, "GET", "/nothing")["detail"]
    office.fault(404, "GET", "/agents/")
    office.fault(405, "PATCH", "/agents")
    office.fault(405, "DELETE", "/runs")
    for path in ("/agents/x", "/tools/x", "/workflows/x", "/projects/x", "/runs/x", "/gates/x", "/runs/x/events"):
        office.fault(404, "GET", path)
    office.fault(404, "GET", "/workflows/x/runs")
    office.fault(404, "POST", "/workflows/x/runs", {})
    office.fault(404, "POST", "/runs/x/cancel")
    office.fault(404, "POST", "/steps/x/human-complete", {"output": 1})


ADDRESSES = [
    "/agents?limit=0",
    "/agents?limit=201",
    "/agents?limit=many",
    "/agents?cursor=bm9ucw",
    "/runs?cursor=%00",
    "/runs?cursor=WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwieCJd",  # a moment before the year 1, in UTC
    "/runs?status=done",
    "/runs?projectId=%00",
    "/agents/%00",
    "/agents?projectId=" + "x" * 300,
    "/tools/x/revisions/0",
    "/tools/x/revisions/99999999999",
    "/runs/x/events?after=-1",
    "/runs/x/events?after=99999999999999999999",
]


def test_what_does_not_fit_into_an_address_is_told(office: Office):
    for address in ADDRESSES:
        assert office.fault(422, "GET", address)["detail"]


def test_a_role_that_may_not_is_told_so(office: Office):
    office.ok("POST", "/workflows", straight())
    refused: list[tuple[str, str, str, Any]] = [
        ("viewer", "POST", "/agents", AGENT),
        ("viewer", "DELETE", "/workflows/straight", None),
        ("viewer", "POST", "/workflows/straight/runs", {}),
        ("viewer", "POST", "/runs/x/cancel", None),
        ("approver", "POST", "/documents", {}),
        ("editor", "POST", "/steps/x/human-complete", {"output": 1}),
        ("editor", "GET", "/events", None),
    ]
    for role, method, path, body in refused:
        problem = office.fault(403, method, path, body, headers={"x-test-identity": f"eve {role} session"})
        assert role in problem["detail"]


def test_what_nobody_expected_says_nothing_of_the_inside_but_to_the_log(
    office: Office, caplog: pytest.LogCaptureFixture
):
    office.ok("POST", "/workflows", straight())
    office.workspace.breaks_with = RuntimeError("the password is hunter2")

    with caplog.at_level(logging.ERROR):
        problem = office.fault(500, "POST", "/workflows/straight/runs", {})

    assert "hunter2" not in str(problem)
    assert "hunter2" in caplog.text
