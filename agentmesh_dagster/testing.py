"""For tests of workflows, yours and ours: real Dagster runs of a document, with providers that say what you wrote."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import dagster as dg

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import EventLog, Run, RunStatus, Step, StepStatus, Workflow
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.providers.chat import ChatReply, ChatRequest, Provider, ToolCall, Usage
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store.catalogue import current_revision, get_job_name
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.runs import get_run
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.translator.build_job import build_job
from agentmesh_dagster.translator.dagster_runs import build_run_config


class ScriptIsOver(AgentMeshError):
    """The test asked the scripted provider more often than it has replies."""


class ScriptedProvider:
    """A provider that gives the replies it was made with, in their order, and remembers what it was asked.

    A reply is a text, or a list of tool calls as `(name, arguments)`. One more request than replies raises.
    """

    name = "scripted"

    def __init__(self, replies: Iterable[str | list[tuple[str, JsonValue]]]) -> None:
        self._replies = list(replies)
        self.requests: list[ChatRequest] = []

    def complete(self, request: ChatRequest) -> ChatReply:
        number = len(self.requests)
        self.requests.append(request)
        if number >= len(self._replies):
            raise ScriptIsOver(f"it has {len(self._replies)} replies")
        reply = self._replies[number]
        usage = Usage(input_tokens=10, output_tokens=5, cost_usd=None)
        if isinstance(reply, str):
            return ChatReply(f"scripted-{number}", request.model, reply, (), "end", usage)
        calls = tuple(
            ToolCall(f"call-{number}-{index}", name, arguments, None) for index, (name, arguments) in enumerate(reply)
        )
        return ChatReply(f"scripted-{number}", request.model, "", calls, "tool_calls", usage)


def use_provider(services: Services, provider: Provider) -> Services:
    """The services with `provider` in place of every model provider."""

    def provider_for(_name: str, _settings: Settings, _connection: str | None) -> Provider:
        return provider

    return replace(services, provider_for=provider_for)


@dataclass(frozen=True)
class FinishedRun:
    """A run read back from the store after Dagster was done with it."""

    run: Run
    steps: list[Step]
    events: list[EventLog]
    launch: dg.ExecuteInProcessResult

    @property
    def status(self) -> RunStatus:
        return self.run.status

    @property
    def output(self) -> JsonValue:
        return self.run.output

    @property
    def executed(self) -> list[str]:
        """Node ids of the steps that were executed, in the order in which they started; one per item."""
        return [step.node_id for step in self.steps if step.status is not StepStatus.SKIPPED]

    @property
    def skipped(self) -> list[str]:
        return [step.node_id for step in self.steps if step.status is StepStatus.SKIPPED]

    @property
    def outputs(self) -> Mapping[str, JsonValue]:
        """Node id → output; of a node inside an `each` that of the last item."""
        return {step.node_id: step.output for step in self.steps if step.status is StepStatus.SUCCEEDED}


def run_workflow(
    services: Services, workflow: Workflow, run_input: JsonValue = None, instance: dg.DagsterInstance | None = None
) -> FinishedRun:
    """Runs a stored workflow through Dagster in this process, and reads the run back."""
    plan = load_plan(services.store, workflow.id, current_revision(services.store))
    job = build_job(plan, get_job_name(services.store, plan.workflow), services)
    result = job.execute_in_process(
        run_config=build_run_config(plan, run_input),
        instance=instance,
        raise_on_error=False,
    )
    with services.store.read() as connection:
        return FinishedRun(
            get_run(connection, result.run_id),
            list_steps(connection, result.run_id),
            list_events(connection, result.run_id, limit=100_000),
            result,
        )
