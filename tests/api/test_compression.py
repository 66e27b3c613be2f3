"""What is sent compressed, and what never is."""

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from agentmesh_dagster.api.compression import CompressedAnswers

LONG = {"text": "again and " * 1_000}


async def answer(_: Request) -> Response:
    return JSONResponse(LONG)


async def stream(_: Request) -> Response:
    async def tell() -> AsyncIterator[str]:
        yield "data: " + "again and " * 1_000 + "\n\n"

    return StreamingResponse(tell(), media_type="text/event-stream")


@pytest.fixture
def client() -> TestClient:
    routes = [Route("/mesh/api/runs/1/events", stream), Route("/mesh/{path:path}", answer, methods=["GET", "POST"])]
    return TestClient(CompressedAnswers(Starlette(routes=routes), "/mesh"))


def test_what_is_read_is_compressed_for_those_who_take_it(client: TestClient) -> None:
    compressed = client.get("/mesh/api/runs")
    plain = client.get("/mesh/api/runs", headers={"Accept-Encoding": "identity"})

    assert compressed.headers["content-encoding"] == "gzip"
    assert int(compressed.headers["content-length"]) < 500
    assert "content-encoding" not in plain.headers
    assert compressed.json() == plain.json() == LONG
    assert "accept-encoding" in plain.headers["vary"].lower()


@pytest.mark.parametrize("path", ["session", "session/other", "tokens", "users"])
def test_an_answer_that_may_hold_a_secret_is_not_compressed(client: TestClient, path: str) -> None:
    assert "content-encoding" not in client.get(f"/mesh/api/{path}").headers


def test_what_is_sent_and_what_streams_is_not_compressed(client: TestClient) -> None:
    assert "content-encoding" not in client.post("/mesh/api/tools/t/try").headers
    assert "content-encoding" not in client.get("/mesh/api/runs/1/events").headers
