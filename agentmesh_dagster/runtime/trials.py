"""Trials: an agent or a tool is tried as it stands in the catalogue, as runs use it; an event says by whom."""

import threading
import time
import uuid
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from agentmesh_dagster.entities.access import Identity
from agentmesh_dagster.entities.json_values import JsonValue, as_object, check_json, write_json
from agentmesh_dagster.entities.models import Agent, EventType, Tool, Workflow
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.graph import Graph
from agentmesh_dagster.graph.plan import plan_graph
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import Lookup
from agentmesh_dagster.graph.rules.catalogue import agents_have_known_tools
from agentmesh_dagster.graph.templates import TemplateFault
from agentmesh_dagster.providers.errors import ProviderError, ProviderNotConfigured
from agentmesh_dagster.runtime.attempt import Attempt, AttemptTimedOut
from agentmesh_dagster.runtime.nodes import run_node
from agentmesh_dagster.runtime.plans import WorkflowHasFaults
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.spending import Spending
from agentmesh_dagster.runtime.work import NodeError, Work
from agentmesh_dagster.specs import TOOL_SPECS
from agentmesh_dagster.store.budgets import BudgetExceeded, PriceUnknown
from agentmesh_dagster.store.catalogue import list_tool_functions
from agentmesh_dagster.store.events import record_audit
from agentmesh_dagster.store.journal import JournalEntry
from agentmesh_dagster.tools import Sessions, ToolError, ToolRequest, call_tool, list_functions
from agentmesh_dagster.tools.errors import InvalidTool, InvalidToolInput, UnknownBuiltin, UnknownFunction

Result = TypeVar("Result")

_TRIAL_SECONDS = 60.0
_AT_ONCE = 8  # each holds a thread of the server
_NODE = "agent"
_LONGEST_INPUT = 10_000  # characters of it that are written down

_places = threading.BoundedSemaphore(_AT_ONCE)


class TrialRefused(AgentMeshError):
    """This cannot be tried so."""


class TrialNeedsApproval(AgentMeshError):
    """A tool that has `approval: always` cannot be tried: run it behind a gate."""


class TrialFailed(AgentMeshError):
    """It was tried, and failed."""


class TooManyTrials(AgentMeshError):
    """Too much is being tried at once: try again in a moment."""


@dataclass(frozen=True)
class AgentTrial:
    agent: Agent
    tools: Mapping[str, Tool]  # by id: those of the agent
    prompt: str | None  # a template; None: the input is the prompt
    input: JsonValue
    context: Mapping[str, JsonValue]  # what the template sees besides `context.input`


def try_agent(services: Services, trial: AgentTrial, *, by: Identity) -> dict[str, JsonValue]:
    """What a node with this agent would give: `{text, raw}` and the fields of the reply. Who tries it is written down.

    Takes at most 60 s. Raises WorkflowHasFaults for a prompt that is no template or an agent with unknown tools;
    TrialNeedsApproval, TrialRefused, TrialFailed, TooManyTrials.
    """
    for tool in trial.tools.values():
        _refuse_unapproved(tool)
    config = {} if trial.prompt is None else {"prompt": trial.prompt}
    graph = _build_graph(trial.agent, config)
    lookup = Lookup({trial.agent.id: trial.agent}, trial.tools)
    # Not all rules: the context may hold outputs of nodes that are not in this graph.
    if errors := [*graph.faults, *agents_have_known_tools(graph, lookup)]:
        raise WorkflowHasFaults(errors)
    context: dict[str, JsonValue] = {"input": trial.input, "last_output": trial.input, "outputs": {}, **trial.context}
    work = Work(
        services,
        plan_graph(graph, lookup.agents, lookup.tools),
        graph.nodes[_NODE],
        check_json(trial.input),
        as_object(check_json(context)),
        idempotency_key=str(uuid.uuid4()),
        deadline=_find_deadline(services),
        record=_forget,
        spending=Spending(services.store, trial.agent.project_id),
    )
    about: dict[str, JsonValue] = {"agentId": trial.agent.id, "agent": trial.agent.name, "tools": list(trial.tools)}
    tried = _Tried(services, EventType.AGENT_TRIED, trial.agent.project_id, about, trial.input, by)
    return as_object(_try(lambda: run_node(work).output, work.deadline, tried))


def try_tool(services: Services, tool: Tool, tool_input: JsonValue, *, by: Identity) -> JsonValue:
    """What the tool gives for this input; who tries it is written down. Takes at most 60 s.

    Raises TrialNeedsApproval, TrialRefused, TrialFailed, TooManyTrials.
    """
    _refuse_unapproved(tool)
    _refuse_distant(services, tool)
    sessions = Sessions()
    request = ToolRequest(tool, tool_input, str(uuid.uuid4()), _find_deadline(services), sessions=sessions)
    about: dict[str, JsonValue] = {"toolId": tool.id, "tool": tool.name, "secrets": [*(tool.secrets or ())]}
    tried = _Tried(services, EventType.TOOL_TRIED, tool.project_id, about, tool_input, by)
    with closing(sessions):
        return _try(lambda: call_tool(request, services.settings), request.deadline, tried)


def _refuse_unapproved(tool: Tool) -> None:
    if tool.needs_approval:
        raise TrialNeedsApproval(f"`{tool.name}`")


def _refuse_distant(services: Services, tool: Tool) -> None:
    """A trial runs in this process, which need not know the functions of the code location."""
    name, spec = tool.config.function_name, TOOL_SPECS.get(tool.type)
    if spec is None or not spec.runs_in_python or name in {each.name for each in list_functions()}:
        return
    if name in {each.info.name for each in list_tool_functions(services.store)}:
        raise TrialRefused(
            f"`{name}` is registered in the code location, and a test runs in the web server: name it in the"
            " entry-point group `agentmesh.tools`, so that both know it, or run a workflow that calls it"
        )


@dataclass(frozen=True)
class _Tried:
    """What is written down of a trial before it is made: its calls are real, and no gate stands before them."""

    services: Services
    type: EventType
    project_id: str
    about: Mapping[str, JsonValue]
    input: JsonValue
    by: Identity

    def record(self) -> None:
        text = write_json(check_json(self.input))
        shown = self.input if len(text) <= _LONGEST_INPUT else f"{text[:_LONGEST_INPUT]}…"
        payload = {**self.about, "input": shown}
        with self.services.store.begin() as tx:
            record_audit(
                tx, type=self.type, by=self.by.name, via=self.by.via, payload=payload, project_id=self.project_id
            )


def _build_graph(agent: Agent, config: Mapping[str, JsonValue]) -> Graph:
    nodes = [
        {"id": "start", "type": "start"},
        {"id": _NODE, "type": "agent", "agentId": agent.id, "config": config},
        {"id": "end", "type": "end"},
    ]
    edges = [
        {"id": "in", "fromNodeId": "start", "toNodeId": _NODE},
        {"id": "out", "fromNodeId": _NODE, "toNodeId": "end"},
    ]
    written = {"id": "trial", "name": "trial", "graph": {"nodes": nodes, "edges": edges}}
    return read_graph(Workflow.model_validate(written))


def _find_deadline(services: Services) -> float:
    return time.monotonic() + min(_TRIAL_SECONDS, services.settings.step_timeout_seconds)


def _forget(_type: EventType, _payload: Mapping[str, JsonValue], _kept: JournalEntry | None = None, /) -> None:
    """Where events of a trial go."""


def _try(work: Callable[[], Result], deadline: float, tried: _Tried) -> Result:
    with _one_place():
        tried.record()
        try:
            return Attempt(work, name="trial").finish(deadline, is_lost=lambda: False)
        except (InvalidTool, InvalidToolInput, UnknownBuiltin, UnknownFunction) as fault:
            raise TrialRefused(str(fault)) from fault
        except (ProviderNotConfigured, TemplateFault) as fault:
            raise TrialRefused(str(fault)) from fault
        except (ToolError, ProviderError, NodeError, AttemptTimedOut, BudgetExceeded, PriceUnknown) as fault:
            raise TrialFailed(str(fault)) from fault


@contextmanager
def _one_place() -> Generator[None]:
    if not _places.acquire(blocking=False):
        raise TooManyTrials(f"{_AT_ONCE} are on their way")
    try:
        yield
    finally:
        _places.release()
