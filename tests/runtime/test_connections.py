"""Connections that the operator has declared, options of calls, and other models that answer, in real runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentmesh_dagster.entities.models import Agent, EventType, RunStatus
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import Settings, get_settings
from agentmesh_dagster.store import Store
from agentmesh_dagster.testing import FinishedRun, run_workflow
from tests.providers.scripted import ScriptedServer, Step, answer, run_scripted_server
from tests.providers.wires import ANTHROPIC, LOCAL
from tests.shapes import node, save, workflow

DECLARED = """
[connections.first]
kind = "local"
base_url = "URL/first/v1"
api_key = "key-of-first"
headers = {"X-Tenant" = "seven"}
options = {reasoningEffort = "low", seed = 7}
prices = {small = {input = 1.0, output = 2.0}}

[connections.second]
kind = "anthropic"
base_url = "URL/second"
api_key = "key-of-second"

[connections.azure]
kind = "azure"
base_url = "URL"
api_version = "2026-10-01"
api_key = "key-of-azure"
"""


@pytest.fixture(scope="module")
def running_server() -> Iterator[ScriptedServer]:
    with run_scripted_server() as running:
        yield running


@pytest.fixture
def server(running_server: ScriptedServer) -> Iterator[ScriptedServer]:
    yield running_server
    running_server.start_over()


@pytest.fixture
def services(store: Store, home: Path, server: ScriptedServer) -> Services:
    home.mkdir(parents=True, exist_ok=True)
    (home / "agentmesh.toml").write_text(DECLARED.replace("URL", server.url), "utf-8")
    get_settings.cache_clear()
    return Services(store, Settings(console_log_level="CRITICAL", provider_max_attempts=1))


def run(services: Services, server: ScriptedServer, *steps: Step, config: Any = None, **fields: Any) -> FinishedRun:
    """Runs start → ask (an agent) → end, while the server plays these steps."""
    server.play(*steps)
    agent = {"id": "helper", "name": "Helper", "modelProvider": "local", "modelName": "small", **fields}
    nodes = [node("start", "start"), node("ask", "agent", agentId="helper", **(config or {})), node("end", "end")]
    flow = workflow("w", nodes, ["start -> ask", "ask -> end"])
    save(services, Agent.model_validate(agent), flow)
    return run_workflow(services, flow, {"question": "What is 2 + 3?"})


def test_a_connection_says_where_how_and_at_what_price(services: Services, server: ScriptedServer):
    done = run(services, server, answer(LOCAL.text("five")), connection="first")

    assert done.output["text"] == "five"
    seen = server.seen[0]
    assert seen.path == "/first/v1/chat/completions"
    assert (seen.headers["authorization"], seen.headers["x-tenant"]) == ("Bearer key-of-first", "seven")
    assert (seen.body["reasoning_effort"], seen.body["seed"]) == ("low", 7)
    assert done.output["raw"]["connection"] == "first"
    assert done.output["raw"]["usage"]["costUsd"] == pytest.approx(20 / 1_000_000)
    assert "key-of-first" not in str([event.payload for event in done.events])


def test_classic_azure_has_each_model_under_a_path_of_its_own(services: Services, server: ScriptedServer):
    run(services, server, answer(LOCAL.text("five")), connection="azure")

    seen = server.seen[0]
    assert seen.path == "/openai/deployments/small/chat/completions?api-version=2026-10-01"
    assert seen.headers["api-key"] == "key-of-azure"


def test_the_nodes_options_and_connection_come_before_the_agents(services: Services, server: ScriptedServer):
    own = {"connection": "first", "options": {"seed": 9, "topP": 0.5, "extraBody": {"min_p": 0.1}}}
    theirs = {"connection": "second", "options": {"seed": 8, "stop": ["END"], "parallelToolCalls": True}}
    run(services, server, answer(LOCAL.text("five")), config=own, **theirs)

    body = server.seen[0].body
    assert (body["seed"], body["top_p"], body["stop"], body["min_p"]) == (9, 0.5, ["END"], 0.1)
    assert body["reasoning_effort"] == "low", "the connection's, where nobody says otherwise"
    assert "parallel_tool_calls" not in body, "without tools there is nothing to call"


@pytest.mark.parametrize("refusal", [answer("busy", 503), answer("slow down", 429), answer("bad key", 401)])
def test_another_model_answers_where_the_first_cannot(services: Services, server: ScriptedServer, refusal: Step):
    fallbacks = [{"modelName": "middle"}, {"connection": "second", "modelName": "large"}]
    steps = (refusal, refusal, answer(ANTHROPIC.text("five", model="large")))
    done = run(services, server, *steps, connection="first", fallbacks=fallbacks)

    assert [seen.body["model"] for seen in server.seen] == ["small", "middle", "large"]
    assert len({seen.headers["idempotency-key"] for seen in server.seen}) == 3
    raw = done.output["raw"]
    assert (done.output["text"], raw["connection"], raw["model"]) == ("five", "second", "large")
    assert [passed["model"] for passed in raw["passedOver"]] == ["small", "middle"]
    told = [event.payload for event in done.events if event.type is EventType.AGENT_RESPONSE]
    assert ["error" in payload for payload in told] == [True, True, False]


def test_what_a_model_has_written_is_no_reason_to_ask_another(services: Services, server: ScriptedServer):
    done = run(
        services, server, answer(LOCAL.text("Once", "length")), fallbacks=[{"modelName": "b"}], connection="first"
    )

    assert done.status is RunStatus.FAILED
    assert len(server.seen) == 1
    told = [event.payload for event in done.events if event.type is EventType.AGENT_RESPONSE]
    assert [payload["usage"]["outputTokens"] for payload in told] == [5], "it was paid for"


def test_a_connection_that_nobody_declared_is_named(services: Services, server: ScriptedServer):
    done = run(services, server, connection="frist")

    assert done.status is RunStatus.FAILED
    assert "no connection `frist`" in str(done.run.error)
    assert "first" in str(done.run.error)


def test_a_wait_that_is_too_long_for_the_call_is_the_nodes_retry(services: Services, server: ScriptedServer):
    busy = answer("slow down", 429, retry_after="600")
    retry = {"retry": {"maxAttempts": 2, "delaySeconds": 0}}
    done = run(services, server, busy, answer(LOCAL.text("five")), connection="first", config=retry)

    assert done.status is RunStatus.SUCCEEDED
    assert len(server.seen) == 2


LIST = {"type": "array", "items": {"type": "integer"}}
SCORE = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}


@pytest.mark.parametrize(
    ("schema", "text", "field", "value"),
    [
        (LIST, "[1, 2]", "value", [1, 2]),
        (LIST, '{"value": [1, 2]}', "value", [1, 2]),
        ({"type": "string"}, "five", "value", "five"),
        ({"type": "integer"}, "5", "value", 5),
        (SCORE, 'Here it is: {"score": 5}. Anything else?', "score", 5),
        (SCORE, 'It is so:\n```json\n{"score": 5}\n```\nAnything else?', "score", 5),
        (SCORE, '"{\\"score\\": 5}"', "score", 5),
    ],
)
def test_an_answer_is_read_where_it_is_plain(
    services: Services, server: ScriptedServer, schema: Any, text: str, field: str, value: Any
):
    done = run(services, server, answer(LOCAL.text(text)), connection="first", config={"outputSchema": schema})

    assert done.output[field] == value
    assert len(server.seen) == 1
