"""Tools of `/mcp`, called by the official SDK's client: what the API does, over each database."""

from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from mcp.client.client import Client
from starlette.applications import Starlette
from starlette.routing import Mount

from agentmesh_dagster.api.app import build_api
from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.api.mcp.route import build_mcp_route
from tests.api.flows import asks, redoes, says, straight
from tests.api.office import Office, WhoSays, serve
from tests.mcp_client import call_faulty, call_ok, connect

REQUIRED = {"type": "object", "required": ["who"], "properties": {"who": {"type": "string"}}}


@pytest.fixture
def url(office: Office) -> Iterator[str]:
    """Where `/mcp` is, beside the office's API."""
    api = build_api(ApiContext(office.services, office.instance, office.workspace))
    routes = [build_mcp_route(api, office.services.settings), Mount("/api", api)]
    with serve(WhoSays(Starlette(routes=routes))) as base:
        yield f"{base}/mcp"


def test_a_workflow_is_found_run_and_waited_for(office: Office, url: str):
    office.apply(workflows=[straight("echo", inputSchema=REQUIRED, description="Gives it back.")])

    async def work(client: Client) -> dict[str, Any]:
        [listed] = (await call_ok(client, "list_workflows"))["items"]
        assert (listed["id"], listed["inputSchema"], listed["description"]) == ("echo", REQUIRED, "Gives it back.")
        assert "graph" not in listed
        assert (await call_ok(client, "get_workflow", workflowId="echo"))["graph"]["nodes"]
        started = await call_ok(client, "run_workflow", workflowId="echo", input={"who": "Ada"}, waitSeconds=0)
        assert started["status"] == "pending"
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, office.work)
            ended = await call_ok(client, "get_run", runId=started["id"], waitSeconds=50)
        assert (await call_ok(client, "list_runs", status="succeeded"))["items"][0]["id"] == ended["id"]
        steps = (await call_ok(client, "list_run_steps", runId=ended["id"]))["items"]
        assert (await call_ok(client, "get_step", stepId=steps[-1]["id"]))["output"] == {"who": "Ada"}
        events = (await call_ok(client, "list_run_events", runId=ended["id"]))["items"]
        assert events[-1]["type"] == "run.completed"
        return ended

    ended = in_both_eras(url, work)
    assert (ended["status"], ended["output"]) == ("succeeded", {"who": "Ada"})
    assert ended["url"] == f"{url.removesuffix('/mcp')}/agentmesh/runs/{ended['id']}"


def test_a_wait_ends_at_a_gate_and_the_answer_lets_the_run_go_on(office: Office, url: str):
    office.apply(workflows=[asks(instructions="Is it good?")])

    async def work(client: Client) -> None:
        run = await call_ok(client, "run_workflow", workflowId="asks", waitSeconds=0)
        await anyio.to_thread.run_sync(office.work)
        waiting = await call_ok(client, "get_run", runId=run["id"], waitSeconds=50)
        [gate] = (await call_ok(client, "list_gates"))["items"]
        assert waiting["waitingOn"] == [gate["stepId"]]
        assert (await call_ok(client, "get_gate", stepId=gate["stepId"]))["instructions"] == "Is it good?"
        refused = await call_faulty(client, "answer_gate", stepId=gate["stepId"], output={"approved": "maybe"})
        assert "`approved` must be true or false" in refused
        answered = await call_ok(client, "answer_gate", stepId=gate["stepId"], output={"approved": True})
        assert (answered["state"], answered["answeredBy"], answered["answeredVia"]) == ("answered", "ann", "session")
        assert "answered" in await call_faulty(client, "answer_gate", stepId=gate["stepId"], output={"approved": True})
        await anyio.to_thread.run_sync(office.wait_for_queue)
        await anyio.to_thread.run_sync(office.work)
        ended = await call_ok(client, "get_run", runId=run["id"], waitSeconds=50)
        assert (ended["status"], ended["output"]) == ("succeeded", {"approved": True})

    connect(url, work)


def test_documents_are_exported_checked_and_applied_as_values_or_as_text(office: Office, url: str):
    office.apply(workflows=[says("greet", "hello")])

    async def work(client: Client) -> None:
        assert "workflows" in (await call_ok(client, "get_document_schema"))["properties"]
        document = await call_ok(client, "export_document", workflowId="greet")
        document["workflows"][0]["name"] = "Greeting"
        assert (await call_ok(client, "validate_document", document=document))["issues"] == []
        [applied] = (await call_ok(client, "apply_document", document=document))["items"]
        assert (applied["id"], applied["change"], applied["name"]) == ("greet", "updated", "Greeting")
        text = "agents:\n  - {id: clerk, name: Clerk, modelProvider: local, modelName: small}\n"
        assert (await call_ok(client, "apply_document", document=text))["items"][0]["id"] == "clerk"
        broken = await call_faulty(client, "apply_document", document="workflows:\n  - {id: x, nmae: X}\n")
        assert "- $.workflows[0].graph: `graph` is missing: add it." in broken
        assert "bad-syntax" in str((await client.call_tool("apply_document", {"document": "a: ["})).structured_content)
        assert (await call_ok(client, "validate_document", document={"workflows": [{}]}))["issues"]

    connect(url, work)


def test_runs_are_canceled_and_retried_where_that_can_be_done(office: Office, url: str):
    office.apply(workflows=[redoes("redo")])

    async def work(client: Client) -> None:
        run = await call_ok(client, "run_workflow", workflowId="redo", waitSeconds=0)
        assert (await call_ok(client, "cancel_run", runId=run["id"]))["status"] == "canceled"
        assert "canceled" in await call_faulty(client, "retry_run", runId=run["id"])
        assert "There is no such run." in await call_faulty(client, "cancel_run", runId="a/b?c")

    connect(url, work)


def test_large_values_are_left_out_and_told(office: Office, url: str):
    text = "x" * 60_000
    office.apply(workflows=[straight("large"), asks("asks", payload={"text": text}, instructions="Look")])
    office.run("large", {"text": text})
    office.run("asks")

    async def work(client: Client) -> None:
        [gate] = (await call_ok(client, "list_gates"))["items"]
        assert "payload" not in gate
        assert gate["cut"]["payload"]["chars"] > 60_000
        asking, large = (await call_ok(client, "list_runs"))["items"]
        assert large["cut"]["output"]["preview"].startswith('{"text":"xxx')
        assert "output" in (await call_ok(client, "get_run", runId=large["id"]))["cut"]
        assert "payload" in (await call_ok(client, "get_gate", stepId=asking["waitingOn"][0]))["cut"]
        ended = (await call_ok(client, "list_run_steps", runId=large["id"]))["items"][-1]
        assert ended["cut"].keys() == {"input", "output"}
        assert "output" in (await call_ok(client, "get_step", stepId=ended["id"]))["cut"]

    connect(url, work)


def test_an_answer_that_would_fill_a_models_context_is_refused(office: Office, url: str):
    office.apply(workflows=[says("long", "x" * 250_000)])

    async def work(client: Client) -> None:
        assert "told at once" in await call_faulty(client, "export_document", workflowId="long")

    connect(url, work)


def test_arguments_that_do_not_fit_are_told_all_at_once(url: str):
    async def work(client: Client) -> None:
        refused = await call_faulty(client, "run_workflow", input={}, waitSeconds=500, extra=1)
        assert "- $.workflowId: `workflowId` is missing: add it." in refused
        assert "- $.waitSeconds: `waitSeconds` must be at most 50." in refused
        assert "`extra` is no field here" in refused
        assert "workflow `none`" in await call_faulty(client, "run_workflow", workflowId="none")
        assert "There is no tool `run`: list_workflows," in await call_faulty(client, "run")

    connect(url, work)


def test_tools_say_what_they_change_and_take(url: str):
    async def work(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        hints = {
            name: (hint.read_only_hint, hint.destructive_hint, hint.idempotent_hint, hint.open_world_hint)
            for name, tool in tools.items()
            if (hint := tool.annotations)
        }
        changing = {"run_workflow", "cancel_run", "retry_run", "answer_gate", "apply_document"}
        assert {name for name, hint in hints.items() if not hint[0]} == changing
        assert hints["list_runs"] == (True, False, True, False)
        assert hints["run_workflow"] == (False, True, False, True)
        assert hints["apply_document"] == (False, True, True, False)
        assert tools["run_workflow"].input_schema["required"] == ["workflowId"]
        assert "cannot be taken back" in (tools["answer_gate"].description or "")

    connect(url, work)


def in_both_eras(url: str, work: Any) -> Any:
    connect(url, work)
    return connect(url, work, mode="legacy")
