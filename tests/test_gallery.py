"""The gallery of shapes in `graphs/`, each used four times (validate, plan, run, show), and the example workflows."""

import json
import keyword
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import dagster as dg
import pytest

from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.cli.output.reports import RunReport, write_report
from agentmesh_dagster.entities.documents import Document
from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.models import (
    Agent,
    CatalogueEntity,
    EventLog,
    EventType,
    Project,
    RunStatus,
    Step,
    StepStatus,
    Workflow,
)
from agentmesh_dagster.graph.address import read_address
from agentmesh_dagster.graph.plan import ITEM, RESULT, Plan, Wiring
from agentmesh_dagster.providers.chat import ChatReply, ChatRequest
from agentmesh_dagster.providers.offline.model import OfflineModel
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import save_checked
from agentmesh_dagster.testing import FinishedRun, run_workflow, use_provider
from tests.gallery import (
    EXAMPLES,
    EXPECTED,
    GRAPHS,
    SHAPES,
    Case,
    plan_document,
    read_example,
    read_expected,
    read_shape,
)

CASES = [case for shape in SHAPES for case in read_expected(shape)[1]]
FIRST_CASES = [read_expected(shape)[1][0] for shape in SHAPES]

# What Dagster says of names: dagster._core.definitions.utils.
DAGSTER_REFUSES = {
    "input",
    "output",
    "type",
    "config",
    "conf",
    "context",
    "meta",
    "dict",
    "int",
    "str",
    "float",
    "bool",
}
WAITING_AT = {
    "backfill_approval": ["approve"],
    "payment_reminder": ["paid"],
    "release_note": ["ask"],
    "table_moves": ["move"],
}  # by example
LAST_EVENTS = {
    StepStatus.SUCCEEDED: EventType.STEP_COMPLETED,
    StepStatus.FAILED: EventType.STEP_FAILED,
    StepStatus.WAITING_HUMAN: EventType.STEP_WAITING_HUMAN,
    StepStatus.WAITING: EventType.STEP_WAITING,
    StepStatus.SKIPPED: EventType.STEP_SKIPPED,
}
INSIDE_A_STEP = {
    EventType.STEP_STARTED,
    EventType.STEP_RETRYING,
    EventType.AGENT_REQUEST,
    EventType.AGENT_RESPONSE,
    EventType.TOOL_REQUEST,
    EventType.TOOL_RESPONSE,
}
RUN_ENDS = {
    RunStatus.SUCCEEDED: [EventType.RUN_COMPLETED],
    RunStatus.FAILED: [EventType.RUN_FAILED],
    RunStatus.RUNNING: [],
}
EXIT_CODES = {
    RunStatus.SUCCEEDED: ExitCode.DONE,
    RunStatus.FAILED: ExitCode.FAILED,
    RunStatus.RUNNING: ExitCode.WAITS,
}


def run_document(
    services: Services, instance: dg.DagsterInstance, document: Document, run_input: JsonValue
) -> FinishedRun:
    """Saves a document, runs its one workflow, and checks what every run must show."""
    save_checked(services.store, list(document), author="gallery")
    run = run_workflow(services, document.workflows[0], run_input, instance)
    check_steps(run, plan_document(document))
    check_events(run)
    check_report(run, document.workflows[0])
    return run


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


@pytest.fixture
def services(store: Store) -> Services:
    return Services(store, Settings(console_log_level="CRITICAL", public_url="https://agents.example"))


def test_every_expectation_belongs_to_a_shape():
    assert len(SHAPES) >= 30
    assert {path.name.removesuffix(EXPECTED) for path in GRAPHS.glob(f"*{EXPECTED}")} == set(SHAPES)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_tells_its_lesson_and_has_the_faults_that_it_says(shape: str):
    document, issues = read_shape(shape)

    assert (GRAPHS / f"{shape}.yaml").read_text("utf-8").startswith("# ")
    assert document.workflows[0].id == shape, "others may stand behind it, to be run by it"
    assert [(issue.code, issue.severity) for issue in issues] == [(code, "warning") for code in read_expected(shape)[0]]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_gives_the_same_plan_each_time_with_names_that_dagster_takes(shape: str):
    plan = plan_document(read_shape(shape)[0])

    assert plan.ops == plan_document(read_shape(shape)[0]).ops
    names = [op.name for op in plan.ops]
    assert len(set(names)) == len(names)
    parts = [part for op in plan.ops for part in (*op.boxes, op.alias, *op.outputs.values())]
    for name in parts:
        assert re.fullmatch(r"[A-Za-z0-9_]{1,100}", name)
        assert not keyword.iskeyword(name)
        assert name not in DAGSTER_REFUSES
    nodes = [op.node for op in plan.ops if op.wiring is not Wiring.COLLECT]
    own = {node.origin for node in nodes if node.copy is None or not node.copy.names}
    assert own >= {node.id for node in plan.workflow.graph.nodes}
    assert len({node.id for node in nodes}) == len(nodes)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_port_of_a_plan_leads_to_an_output_of_an_op_before(shape: str):
    plan = plan_document(read_shape(shape)[0])
    before: dict[str, set[str]] = {}

    for op in plan.ops:
        assert bool(op.inputs) == (op is not plan.start)
        assert all(port.output in before[port.source] for port in op.inputs)
        assert len(set(op.inputs)) == len(op.inputs)
        if op.wiring is Wiring.FAN_OUT:
            before[op.name] = {ITEM}
        else:
            before[op.name] = set(op.outputs.values()) or {RESULT}


# The cases of a shape differ in what is evaluated, not in what is stored: PostgreSQL sees one of each shape.
@pytest.mark.parametrize(
    ("store_url", "case"),
    [*(("sqlite", case) for case in CASES), *(("postgresql", case) for case in FIRST_CASES)],
    indirect=["store_url"],
    ids=lambda value: f"{value.shape}-{value.name}" if isinstance(value, Case) else value,
)
def test_a_shape_runs_and_is_shown_as_the_specification_says(
    case: Case, services: Services, instance: dg.DagsterInstance
):
    run = run_document(services, instance, read_shape(case.shape)[0], case.input)

    assert run.status is case.status, run.run.error
    assert Counter(run.executed) == case.executed
    assert Counter(run.skipped) == case.skipped
    assert json.dumps(run.output, sort_keys=True) == json.dumps(case.output, sort_keys=True)  # 1 is not true
    assert all(text in (run.run.error or "") for text in case.errors), run.run.error
    assert {step.node_id for step in run.steps if step.id in run.run.waiting_on} == case.waiting_on
    assert Counter(step.node_id for step in run.steps if step.caught) == case.caught
    assert Counter(step.node_id for step in run.steps if step.used_fallback) == case.fallback
    assert run.run.has_caught == bool(case.caught or case.fallback)
    assert run.launch.success == all(
        step.caught or (step.status is not StepStatus.FAILED and not step.status.is_waiting) for step in run.steps
    )


def check_steps(run: FinishedRun, plan: Plan) -> None:
    """Steps have a status that lasts, ids of their own, and parents that ended before they began."""
    by_id = {step.id: step for step in run.steps}
    assert len(by_id) == len(run.steps)
    for step in run.steps:
        assert step.status in LAST_EVENTS
        assert (step.status is StepStatus.FAILED or step.used_fallback) == (step.error is not None)
        assert (step.error is None) == (step.code is None)
        assert (step.attempt, step.started_at is None) == (
            (0, True) if step.status is StepStatus.SKIPPED else (1, False)
        )
        assert (step.finished_at is None) == step.status.is_waiting
        key = plan.key_of(read_address(step.node_id, step.path))
        each = plan.scopes.head_of(key)
        is_reached = any(
            plan.key_of(read_address(other.node_id, other.path)) == each and other.status is StepStatus.SUCCEEDED
            for other in run.steps
        )
        assert (step.item_index is not None) == is_reached
        assert all((by_id[one].status is StepStatus.SUCCEEDED) != by_id[one].caught for one in step.parent_step_ids)
        graph_parents = set(plan.graph.parents(key))
        graph_parents |= {head for parent in graph_parents if (head := plan.scopes.head_of(parent))}  # without items
        parents = {plan.key_of(read_address(by_id[one].node_id, by_id[one].path)) for one in step.parent_step_ids}
        assert parents <= graph_parents


def check_events(run: FinishedRun) -> None:
    """run.started comes first, the run's end last and once; each step starts after its parents ended."""
    ids = [event.id for event in run.events]
    assert ids == sorted(set(ids))
    of_run = [event.type for event in run.events if event.step_id is None]
    assert of_run == [EventType.RUN_STARTED, *RUN_ENDS[run.status]]
    assert run.events[0].type is EventType.RUN_STARTED
    if run.status is not RunStatus.RUNNING:
        assert run.events[-1].step_id is None
    of_step: dict[str, list[EventLog]] = {step.id: [] for step in run.steps}
    for event in run.events:
        if event.step_id is not None:
            of_step[event.step_id].append(event)
    for step in run.steps:
        check_events_of(step, of_step[step.id])
        ended = [of_step[parent][-1].id for parent in step.parent_step_ids]
        assert all(last < of_step[step.id][0].id for last in ended)


def check_events_of(step: Step, events: list[EventLog]) -> None:
    types = [event.type for event in events]
    assert types[-1] is (EventType.STEP_CAUGHT if step.caught else LAST_EVENTS[step.status])
    if step.status is StepStatus.SKIPPED:
        assert types == [EventType.STEP_SKIPPED]
        return
    assert types[0] is EventType.STEP_STARTED
    assert types.count(EventType.STEP_STARTED) == 1
    before = types[:-1]
    if step.caught:
        assert before.pop() is EventType.STEP_FAILED
    assert set(before) <= INSIDE_A_STEP
    for request, response in (
        (EventType.AGENT_REQUEST, EventType.AGENT_RESPONSE),
        (EventType.TOOL_REQUEST, EventType.TOOL_RESPONSE),
    ):
        assert types.count(request) == types.count(response)


def check_report(run: FinishedRun, workflow: Workflow) -> None:
    """What `agentmesh run --format json` and `agentmesh show --format json` print agrees with the run."""
    report = RunReport(run.run, run.steps, interrupted=False)
    assert report.exit_code is EXIT_CODES[run.status]
    printed = write_report(report)
    assert (printed["runId"], printed["status"], printed["output"]) == (run.run.id, run.status.value, run.output)
    assert ("error" in printed) == (run.status is RunStatus.FAILED)
    assert [(step["id"], step["nodeId"], step["status"]) for step in printed["steps"]] == [
        (step.id, step.node_id, step.status.value) for step in run.steps
    ]
    shown = run.run.to_wire()
    assert (shown["workflowId"], shown["projectId"]) == (workflow.id, workflow.project_id)
    assert ("finishedAt" in shown) == (run.status is not RunStatus.RUNNING)
    assert shown["launches"] == [run.run.id]
    waiting = [step.id for step in run.steps if step.status.is_waiting]
    assert sorted(shown["waitingOn"]) == sorted(waiting)
    write_json([shown, *(step.to_wire() for step in run.steps), *(event.to_wire() for event in run.events)])


class OneChoice:
    """The offline model, which is offered only one value wherever a reply has a certain field."""

    name = "local"

    def __init__(self, field: str, value: str) -> None:
        self._field = field
        self._value = value

    def complete(self, request: ChatRequest) -> ChatReply:
        schema = request.output_schema
        if schema and self._field in schema["properties"]:
            narrowed = schema["properties"] | {self._field: {"const": self._value}}
            request = replace(request, output_schema=schema | {"properties": narrowed})
        return OfflineModel().complete(request)


def test_the_examples_can_stand_in_one_store_and_need_no_key():
    documents = {example: read_example(example)[0] for example in EXAMPLES}

    assert len(documents) >= 7
    assert [issue for example in EXAMPLES for issue in read_example(example)[1]] == []
    # Others may stand behind it, to be run by it.
    assert [found.workflows[0].id for found in documents.values()] == list(documents)
    by_id: dict[tuple[type, str], CatalogueEntity] = {}
    for entity in (entity for document in documents.values() for entity in document):
        assert by_id.setdefault((type(entity), entity.id), entity) == entity
        assert isinstance(entity, Project) or entity.project_id == "examples"
        assert entity.description
        if isinstance(entity, Agent):
            assert (entity.model_provider, entity.model_name) == ("local", "offline")


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs_on_the_defaults_of_its_input(example: str, services: Services, instance: dg.DagsterInstance):
    run = run_document(services, instance, read_example(example)[0], {})

    waits = sorted({step.node_id for step in run.steps if step.status.is_waiting})
    assert waits == WAITING_AT.get(example, []), run.run.error
    assert run.status is (RunStatus.RUNNING if waits else RunStatus.SUCCEEDED), run.run.error


@pytest.mark.parametrize(
    ("example", "field", "value", "node"),
    [
        ("support_triage", "category", "refund", "refund"),
        ("support_triage", "category", "technical", "technical"),
        ("support_triage", "category", "general", "general"),
        ("schema_change", "kind", "additive", "note"),
        ("schema_change", "kind", "breaking", "plan"),
        ("schema_change", "kind", "unclear", "asked"),
    ],
)
def test_whatever_the_model_decides_the_example_goes_that_way(
    services: Services, instance: dg.DagsterInstance, example: str, field: str, value: str, node: str
):
    run = run_document(use_provider(services, OneChoice(field, value)), instance, read_example(example)[0], {})

    assert run.status is RunStatus.SUCCEEDED, run.run.error
    assert node in run.executed


@pytest.mark.parametrize(
    ("age", "month_end", "told"),
    [(30, False, None), (90, False, {"owner_told"}), (200, True, {"owner_told", "on_call_woken", "finance_told"})],
)
def test_a_freshness_alert_goes_to_whoever_it_concerns(
    services: Services, instance: dg.DagsterInstance, age: int, month_end: bool, told: set[str] | None
):
    document, _ = read_example("freshness_alert")

    run = run_document(services, instance, document, {"ageMinutes": age, "monthEnd": month_end})

    ends = {step.node_id for step in run.steps if step.node_type == "end" and step.status is StepStatus.SUCCEEDED}
    assert ends == (told or set())
    assert (run.output is None) == (told is None)
