"""Provenance: what a run has written down, as it stands with a version of an asset."""

import hashlib
from collections.abc import Iterator

import dagster as dg
import pytest

from agentmesh_dagster.entities.json_values import write_json
from agentmesh_dagster.entities.models import Agent, RunStatus
from agentmesh_dagster.runtime.answers import Answer, answer_gate
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.provenance import Provenance, read_provenance
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.materializations import AssetLaunch
from agentmesh_dagster.store.runs import get_run_head
from agentmesh_dagster.testing import ScriptedProvider, use_provider
from tests.assets import run_asset
from tests.shapes import function_tool, node, save, workflow

WRITER = Agent.model_validate(
    {
        "id": "writer",
        "name": "Writer",
        "modelProvider": "local",
        "modelName": "small",
        "systemPrompt": "You write.",
    }
)


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def read(services: Services, run_id: str) -> Provenance:
    with services.store.read() as connection:
        head = get_run_head(connection, run_id)
        return read_provenance(connection, load_plan(services.store, head.workflow_id, head.revision), run_id)


def digest(*messages: dict[str, str]) -> str:
    return hashlib.sha256(write_json(list(messages)).encode()).hexdigest()


def test_what_was_asked_answered_and_called_in_a_run(services: Services, instance: dg.DagsterInstance):
    flow = workflow(
        "brief",
        [
            node("start", "start"),
            node("draft", "agent", agentId="writer", prompt="Write {{ context.input.topic }}."),
            node("shorten", "agent", agentId="writer", prompt="Shorten.", modelName="large"),
            node("count", "tool", toolId="calculator", input={"expression": "1 + 2"}),
            node("done", "end", output=["a", "b"]),
        ],
        ["start -> draft", "draft -> shorten", "shorten -> count", "count -> done"],
        asset={"key": "ai/brief"},
    )
    tool = function_tool("calculator").model_copy(update={"type": "builtin"})
    save(services, WRITER, tool, flow)
    scripted = use_provider(services, ScriptedProvider(["a draft", "short"]))

    done = run_asset(scripted, flow, {"topic": "rain"}, AssetLaunch("ai/brief"), instance)
    found = read(services, done.run.id)

    assert done.status is RunStatus.SUCCEEDED, done.run.error
    assert (found.workflow_id, found.workflow_revision) == ("brief", done.run.revision)
    assert list(found.agents) == ["writer"]
    assert found.agents["writer"] < found.workflow_revision
    assert found.models == ["small", "large"]
    assert [(prompt.node_id, prompt.model) for prompt in found.prompts] == [("draft", "small"), ("shorten", "large")]
    system, user = {"role": "system", "text": "You write."}, {"role": "user", "text": "Write rain."}
    assert found.prompts[0].digest == digest(system, user)
    assert found.tools == {"calculator": 1}
    assert (found.input_tokens, found.output_tokens, found.cost_usd) == (20, 10, None)
    assert found.approvals == []


@pytest.mark.parametrize(
    ("answer", "is_changed"),
    [
        ({"approved": True}, False),
        ({"approved": True, "payload": "a draft"}, False),
        ({"approved": True, "payload": "another"}, True),
    ],
)
def test_who_approved_and_whether_the_payload_was_changed(
    services: Services, instance: dg.DagsterInstance, answer: dict[str, object], is_changed: bool
):
    flow = workflow(
        "brief",
        [node("start", "start"), node("ask", "human_approval", payload="a draft"), node("done", "end")],
        ["start -> ask", "ask -> done"],
        asset={"key": "ai/brief"},
    )
    save(services, flow)

    done = run_asset(services, flow, {}, AssetLaunch("ai/brief"), instance)
    answer_gate(services, done.run.waiting_on[0], Answer(answer, by="ada", via="cli"))

    [approval] = read(services, done.run.id).approvals
    assert (approval.node_id, approval.by, approval.via, approval.is_changed) == ("ask", "ada", "cli", is_changed)
