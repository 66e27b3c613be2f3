"""Budgets: model calls are counted over all that a run does, and the one that would go beyond is not made."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from agentmesh_dagster.entities.models import Agent, Project, RunStatus, StepStatus, Workflow
from agentmesh_dagster.errors import FaultCode
from agentmesh_dagster.providers.chat import ChatReply, ChatRequest, Message, Usage
from agentmesh_dagster.providers.errors import ProviderBusy, ProviderError, ProviderTimeout
from agentmesh_dagster.providers.prices import Seller
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.spending import Spending
from agentmesh_dagster.store.budgets import BudgetExceeded, find_day_use, list_budget_uses
from agentmesh_dagster.testing import FinishedRun, run_workflow, use_provider
from tests.shapes import node, save, workflow

MODEL = "gpt-5.6-luna"  # has a price


@dataclass
class PayingProvider:
    """Answers each call at a price, and counts what it was paid."""

    usd: float = 0.01
    fault: ProviderError | None = None
    seconds: float = 0.0
    calls: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    name = "paying"

    def complete(self, request: ChatRequest) -> ChatReply:
        with self.lock:
            self.calls += 1
        time.sleep(self.seconds)
        if self.fault is not None:
            raise self.fault
        return ChatReply("reply", request.model, "fine", (), "end", Usage(100, 10, self.usd))


def ask(**config: Any) -> dict[str, Any]:
    return node("ask", "agent", **{"agentId": "helper", "prompt": "Say so.", **config})


def run(services: Services, provider: PayingProvider, flow: Workflow, *others: Any, given: Any = None) -> FinishedRun:
    agent = Agent.model_validate(
        {"id": "helper", "name": "Helper", "modelProvider": "openai", "modelName": MODEL, "systemPrompt": ""}
    )
    save(services, agent, *others, flow)
    return run_workflow(use_provider(services, provider), flow, given)


def build_each(*, nodes: list[dict[str, Any]] | None = None, **fields: Any) -> Workflow:
    items = node("items", "branch", mode="each", items="context.input", onItemError="keep")
    return workflow(
        "w",
        [node("start", "start"), items, *(nodes or [ask()]), node("end", "end")],
        ["start -> items", "items -> ask", "ask -> end"],
        **fields,
    )


def read_error(run: FinishedRun) -> str:
    return next(step.error or "" for step in run.steps if step.status is StepStatus.FAILED)


@pytest.mark.parametrize(
    ("budget", "made"),
    [
        ({"calls": 3}, 3),
        ({"usd": 0.03}, 3),
        ({"usd": 0.025}, 3),  # the third goes beyond, and is the last
        ({"tokens": 250}, 3),
        ({"usd": 1}, 5),
    ],
)
def test_the_budget_of_a_run_is_one_for_all_items(services: Services, budget: dict[str, Any], made: int):
    provider = PayingProvider()

    done = run(services, provider, build_each(budget=budget), given=[1, 2, 3, 4, 5])

    assert provider.calls == made
    assert [step.code for step in done.steps if step.error] == [FaultCode.BUDGET_EXCEEDED] * (5 - made)
    with services.store.read() as connection:
        [use] = list_budget_uses(connection, done.run.id)
    assert (use.name, use.calls, use.usd, use.tokens) == ("the run", made, pytest.approx(0.01 * made), 110 * made)


def test_a_budget_that_is_used_up_says_whose_how_much_and_what_to_do(services: Services):
    done = run(services, PayingProvider(), build_each(budget={"usd": 0.01}), given=[1, 2])

    error = read_error(done)
    assert error.startswith("A budget allows no more model calls: the run has used 0.01 of 0.01 USD.")
    assert "Raise `budget.usd`" in error


def test_it_can_be_caught(services: Services):
    flow = workflow(
        "w",
        [
            node("start", "start"),
            ask(budget={"tokens": 1}, prompt="Say so at length."),
            node("sorry", "end", output="{{ context.error.code }}"),
        ],
        ["start -> ask", "ask -> sorry on error if context.error.code == 'budget_exceeded'", "ask -> sorry"],
    )
    assert run(services, PayingProvider(), flow).output == "budget_exceeded"


def test_the_budget_of_a_node_is_one_for_all_rounds(services: Services):
    flow = workflow(
        "w",
        [node("start", "start"), ask(budget={"calls": 2}), node("more", "branch"), node("end", "end")],
        ["start -> ask", "ask -> more", "more -> ask if true, 5 rounds", "more -> end"],
    )
    provider = PayingProvider()

    done = run(services, provider, flow)

    assert (done.status, provider.calls) == (RunStatus.FAILED, 2)
    assert "the node `ask` has used 2 of 2 model calls" in read_error(done)


def test_what_is_inlined_has_its_own_budget_and_counts_toward_those_around_it(services: Services):
    inner = workflow(
        "inner",
        [node("start", "start"), ask(), node("end", "end")],
        ["start -> ask", "ask -> end"],
        budget={"calls": 5},
    )
    calling = node("call", "workflow", workflowId="inner", budget={"calls": 7})
    flow = workflow(
        "w",
        [node("start", "start"), calling, node("more", "branch"), node("end", "end")],
        ["start -> call", "call -> more", "more -> call if true, 3 rounds", "more -> end"],
        budget={"calls": 9},
    )

    done = run(services, PayingProvider(), flow, inner)

    with services.store.read() as connection:
        uses = {use.name: (use.budget.calls, use.calls) for use in list_budget_uses(connection, done.run.id)}
        assert len(list_budget_uses(connection, done.run.id)) == 5
    assert uses == {"the run": (9, 3), "the node `call`": (7, 3), "the call of `inner`": (5, 1)}


def test_a_day_of_the_project_counts_all_its_runs(services: Services):
    project = Project.model_validate({"id": "default", "name": "Default", "dailyBudget": {"usd": 0.03}})
    provider = PayingProvider()

    first = run(services, provider, build_each(), project, given=[1, 2])
    second = run(services, provider, build_each(), given=[1, 2])

    assert (provider.calls, first.status) == (3, RunStatus.SUCCEEDED)
    assert "the project's day" in read_error(second)
    with services.store.read() as connection:
        use = find_day_use(connection, "default")
    assert use is not None
    assert (use.calls, use.usd) == (3, pytest.approx(0.03))


def test_a_model_without_a_price_is_not_asked_under_a_budget_in_usd(services: Services):
    provider = PayingProvider()

    done = run(services, provider, build_each(nodes=[ask(modelName="unheard-of")], budget={"usd": 1}), given=[1])

    assert provider.calls == 0
    assert "whose price is not known" in read_error(done)


@pytest.mark.parametrize(
    ("fault", "counted"),
    [
        (ProviderBusy("too many", status=429), (0.0, 0)),
        # Perhaps it was made all the same: it counts with what it may have used.
        (ProviderTimeout("too late"), (pytest.approx(0.00012, rel=0.2), 108)),
    ],
)
def test_a_call_that_fails_counts_with_what_it_may_have_cost(services: Services, fault: ProviderError, counted: Any):
    provider = PayingProvider(fault=fault)

    done = run(services, provider, build_each(nodes=[ask(maxTokens=100)], budget={"usd": 1}), given=[1])

    with services.store.read() as connection:
        [use] = list_budget_uses(connection, done.run.id)
    assert (use.calls, use.calls_at_work) == (1, 0)
    assert (use.usd, use.tokens) == counted


def say(text: str = "Say so.", max_tokens: int | None = None) -> ChatRequest:
    deadline = time.monotonic() + 60
    return ChatRequest(model=MODEL, messages=(Message("user", text),), max_tokens=max_tokens, deadline=deadline)


@pytest.mark.parametrize("max_tokens", [None, 10_000])
def test_calls_at_once_never_spend_more_than_the_budget_and_one_call(services: Services, max_tokens: int | None):
    save(services, Project.model_validate({"id": "p", "name": "P", "dailyBudget": {"usd": 0.2}}))
    provider = PayingProvider(usd=0.003, seconds=0.002)

    def call(_: int) -> bool:
        request = say(max_tokens=max_tokens)
        try:
            with Spending(services.store, "p").count(Seller("openai", ""), request) as made:
                made.reply = provider.complete(request)
        except BudgetExceeded:
            return False
        return True

    with ThreadPoolExecutor(32) as people:
        made = sum(people.map(call, range(300)))

    assert made == provider.calls
    assert 0.2 <= made * 0.003 <= 0.2 + 0.003
    with services.store.read() as connection:
        use = find_day_use(connection, "p")
    assert use is not None
    assert (use.calls, use.calls_at_work) == (made, 0)
