"""Traces: what a collector of OpenTelemetry is told of runs, launched and resumed for real, over each database."""

import sys
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.control.cancel import cancel_run
from agentmesh_dagster.entities.models import Agent, RunStatus, Tool, Workflow
from agentmesh_dagster.runtime import tracer
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.testing import ScriptedProvider, run_workflow, use_provider
from tests.control.office import APPROVED, Office
from tests.otlp import Collector, ReceivedSpan, run_collector
from tests.shapes import node, save, workflow

JOT = Tool.model_validate(
    {
        "id": "jot",
        "name": "jot",
        "type": "function",
        "config": {"functionName": "note"},
        "inputSchema": {"type": "object", "required": ["what"], "properties": {"what": {"type": "string"}}},
    }
)
HELPER = Agent.model_validate(
    {"id": "helper", "name": "Helper", "modelProvider": "local", "modelName": "small", "tools": ["jot"]}
)
REPLIES = ([("jot", {"what": "cats"})], "A poem.")


@pytest.fixture(autouse=True)
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with run_collector() as running:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", running.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        tracer._open_writer.cache_clear()
        yield running
        if writer := tracer._open_writer(tracer.os.getpid()):
            writer._provider.shutdown()
        tracer._open_writer.cache_clear()


def build_poems() -> Workflow:
    """start → ask (an agent with a tool) → gate → end."""
    nodes = [node("start", "start"), node("ask", "agent", agentId="helper"), node("gate", "human_approval")]
    return workflow("w", [*nodes, node("end", "end")], ["start -> ask", "ask -> gate", "gate -> end"], name="Poems")


def start(services: Services, instance: dg.DagsterInstance) -> tuple[Office, str]:
    """A run that waits at its gate; the built-in model answers."""
    office = Office(services, instance)
    save(services, JOT, HELPER)
    return office, office.start(build_poems(), {"about": "cats"})


def run_with(services: Services, replies: Any) -> str:
    """A run that waits at its gate, or has failed, with these replies of the model."""
    save(services, JOT, HELPER, build_poems())
    return run_workflow(use_provider(services, ScriptedProvider(replies)), build_poems(), {"about": "cats"}).run.id


def has(name: str):
    return lambda spans: any(span.name == name for span in spans)


def get(spans: list[ReceivedSpan], name: str) -> ReceivedSpan:
    [found] = [span for span in spans if span.name == name]
    return found


def test_one_trace_tells_of_all_launches_and_waits(
    collector: Collector, services: Services, instance: dg.DagsterInstance
):
    office, run_id = start(services, instance)
    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)
    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert len(office.run(run_id).launches) == 2

    spans = collector.wait_for(run_id, has("invoke_workflow Poems"))
    root, ask = get(spans, "invoke_workflow Poems"), get(spans, "invoke_agent Helper")
    assert root.parent_id == ""
    assert root.service == "agentmesh"
    steps = {span.name for span in spans if span.parent_id == root.span_id}
    assert steps == {"start start", "invoke_agent Helper", "human_approval gate", "end end"}
    inside = {span.name for span in spans if span.parent_id == ask.span_id}
    assert inside == {"chat small", "execute_tool jot"}
    assert len(spans) == 1 + 4 + 3, "each once, the chat twice"
    assert root.lasted >= get(spans, "human_approval gate").lasted
    assert ask.lasted >= get(spans, "execute_tool jot").lasted
    assert not any(span.has_failed for span in spans)


def test_spans_say_what_the_conventions_ask_for_and_nothing_of_what_was_said(collector: Collector, services: Services):
    run_id = run_with(services, REPLIES)

    spans = collector.wait_for(run_id, has("invoke_agent Helper"))
    ask, note = get(spans, "invoke_agent Helper").attributes, get(spans, "execute_tool jot").attributes
    first, last = (span for span in spans if span.name == "chat small")
    assert (ask["gen_ai.operation.name"], ask["gen_ai.agent.name"], ask["gen_ai.agent.id"]) == (
        "invoke_agent",
        "Helper",
        "helper",
    )
    assert (ask["agentmesh.run.id"], ask["agentmesh.node.id"], ask["agentmesh.attempt"]) == (run_id, "ask", 1)
    assert (note["gen_ai.operation.name"], note["gen_ai.tool.name"]) == ("execute_tool", "jot")
    assert (first.kind, first.attributes["gen_ai.operation.name"]) == ("client", "chat")
    assert (first.attributes["gen_ai.provider.name"], first.attributes["gen_ai.request.model"]) == ("local", "small")
    assert first.attributes["gen_ai.response.finish_reasons"] == ["tool_calls"]
    assert (last.attributes["gen_ai.usage.input_tokens"], last.attributes["gen_ai.usage.output_tokens"]) == (10, 5)
    assert "cats" not in str(spans)
    assert "poem" not in str(spans)


def test_what_was_said_is_told_where_that_is_asked_for(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, services: Services
):
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
    run_id = run_with(open_services(services.settings), REPLIES)

    spans = collector.wait_for(run_id, has("invoke_agent Helper"))
    first, last = (span.attributes for span in spans if span.name == "chat small")
    assert '"about": "cats"' in first["gen_ai.input.messages"].replace('\\"', '"').replace('":"', '": "')
    assert '"name":"jot"' in first["gen_ai.output.messages"]
    assert '"content":"A poem."' in last["gen_ai.output.messages"]
    jot = get(spans, "execute_tool jot").attributes
    assert jot["gen_ai.tool.call.arguments"] == '{"what":"cats"}'
    assert jot["gen_ai.tool.call.result"] == '{"text":"cats"}'


def test_what_fails_and_who_cancels_is_told(collector: Collector, services: Services, instance: dg.DagsterInstance):
    failed = run_with(services, [])
    spans = collector.wait_for(failed, has("invoke_workflow Poems"))
    for name in ("chat small", "invoke_agent Helper", "invoke_workflow Poems"):
        assert get(spans, name).has_failed, name
        assert get(spans, name).message == "", "it may quote what was said"
    assert "script" not in str(spans)
    assert get(spans, "invoke_agent Helper").attributes["error.type"] == "error"

    office, canceled = start(services, instance)
    cancel_run(office.services, instance, canceled, by="ann")
    spans = collector.wait_for(canceled, has("invoke_workflow Poems"))
    assert get(spans, "invoke_workflow Poems").attributes["agentmesh.run.status"] == "canceled"
    assert len({span.span_id for span in collector.spans}) == len(collector.spans), "no id stands for two"


def test_a_collector_that_is_away_costs_no_run(
    services: Services, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    office, run_id = start(services, instance)
    assert office.run(run_id).waiting_on


def test_without_the_sdk_it_is_said_once(
    services: Services, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    office, run_id = start(services, instance)
    assert office.run(run_id).waiting_on
    assert [record.message for record in caplog.records if "agentmesh-dagster[otel]" in record.message] == [
        "No traces are sent: install `agentmesh-dagster[otel]` (there is no module `opentelemetry.sdk.resources`)."
    ]


@pytest.mark.parametrize(
    "environment",
    [{}, {"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}, {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}],
)
def test_traces_are_wanted_where_an_endpoint_is_set_and_nothing_says_otherwise(environment: dict[str, str]):
    set_ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
    assert tracer.wants_traces(set_)
    assert not tracer.wants_traces((set_ if environment else {}) | environment)
