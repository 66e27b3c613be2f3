"""`run`, `list`, `runs` and `show`."""

import json

import dagster as dg
import pytest

from agentmesh_dagster.control.instance import open_instance
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.entities.models import CheckVerdict, Kind
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.runtime.launches import start_launch
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store import open_store
from agentmesh_dagster.store.catalogue import get_entity
from agentmesh_dagster.store.materializations import AssetLaunch, insert_materialization, write_verdicts
from agentmesh_dagster.store.runs import NewRun, insert_run
from agentmesh_dagster.store.steps import NewStep, claim_step
from agentmesh_dagster.translator.dagster_runs import read_launch_facts
from tests.cli.documents import FAILS, HELLO, WORKFLOWS, chain, write_yaml

DAYS = ("2026-11-01", "2026-11-02")


def test_a_run_that_succeeds_prints_its_result(applied):
    typed = applied("run", "Hello", "--input", '{"who": "Ada"}')

    assert typed.code == 0
    assert "✓ succeeded" in typed.out
    assert "Greet Ada." in typed.out
    assert "agentmesh show" in typed.out
    assert typed.err == ""


def test_a_run_as_json_has_exactly_the_documented_shape(applied):
    typed = applied("run", "hello", "--input", '{"who": "Ada"}', "--format", "json")

    run = typed.json
    assert typed.code == 0
    assert list(run) == ["runId", "status", "output", "steps"]
    assert (run["status"], run["output"]) == ("succeeded", "[offline model] Greet Ada.")
    assert [(step["nodeId"], step["status"]) for step in run["steps"]] == [
        ("start", "succeeded"),
        ("greet", "succeeded"),
        ("end", "succeeded"),
    ]
    assert all(list(step) == ["id", "nodeId", "status", "output"] for step in run["steps"])
    assert run["steps"][0]["output"] == {"who": "Ada", "polite": True}


def test_a_run_that_fails_exits_with_1_and_says_why(applied):
    typed = applied("run", "fails", "--format", "json")

    assert typed.code == 1
    assert typed.json["status"] == "failed"
    assert typed.json["error"] == "Not today."
    assert typed.json["steps"][-1] == {
        "id": typed.json["steps"][-1]["id"],
        "nodeId": "end",
        "status": "failed",
        "output": "Not today.",
        "error": "Not today.",
        "code": "error",
    }


def test_a_run_that_waits_for_a_person_exits_with_3(applied):
    typed = applied("run", "waits")

    assert typed.code == 3
    assert "waits for a person at `ask`" in typed.out

    waiting = applied("runs", "--waiting", "--format", "json").json
    assert [run["workflowId"] for run in waiting] == ["waits"]
    assert waiting[0]["status"] == "running"
    assert f"agentmesh answer {waiting[0]['waitingOn'][0][:8]} --approve" in typed.out
    assert "◷ waits" in applied("list").out


def test_the_input_may_stand_in_a_file(applied, folder):
    (folder / "input.json").write_text('{"names": ["Ada", "Grace"]}')

    typed = applied("run", "each", "--input", "@input.json", "--format", "json")

    assert [answer["text"] for answer in typed.json["output"]] == ["[offline model] Ada", "[offline model] Grace"]


def test_the_items_of_an_each_share_a_line(applied):
    assert "2 of 2 items" in applied("run", "each", "--input", '{"names": ["Ada", "Grace"]}').out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{who: Ada}", "at $: Expecting property name"),
        ("@nowhere.json", "nowhere.json: No such file"),
        ('{"who": 7}', "at $.who: 7 is not of type 'string'"),
        ("{}", """An input of this shape fits: --input '{"who":"","polite":true}'"""),
    ],
)
def test_an_input_that_does_not_fit_starts_nothing(applied, given, said):
    typed = applied("run", "hello", "--input", given)

    assert typed.code == 2
    assert said in typed.err
    assert typed.out == ""
    assert applied("runs", "--format", "json").json == []


def test_runs_are_listed_and_shown(applied):
    first = applied("run", "hello", "--input", '{"who": "Ada"}', "--format", "json").json
    second = applied("run", "fails", "--format", "json").json

    both = applied("runs", "--format", "json").json
    assert [run["id"] for run in both] == [second["runId"], first["runId"]]
    assert [run["id"] for run in applied("runs", "--limit", 1, "--format", "json").json] == [second["runId"]]
    assert [run["id"] for run in applied("runs", "-w", "Hello", "--format", "json").json] == [first["runId"]]
    assert [run["id"] for run in applied("runs", "--status", "failed", "--format", "json").json] == [second["runId"]]
    assert "Not today." in applied("runs").out

    listed = {one["id"]: one for one in applied("list", "--format", "json").json}
    assert listed["hello"]["lastRun"]["id"] == first["runId"]
    assert listed["hello"]["job"] == "Hello"
    assert listed["hello"]["revision"] > 0
    assert "lastRun" not in listed["waits"]

    shown = applied("show", first["runId"][:8], "--events", "--format", "json").json
    assert (shown["id"], shown["workflowId"], shown["status"]) == (first["runId"], "hello", "succeeded")
    assert [step["id"] for step in shown["steps"]] == [step["id"] for step in first["steps"]]
    assert shown["steps"][1]["input"] == {"who": "Ada", "polite": True}
    assert (shown["events"][0]["type"], shown["events"][-1]["type"]) == ("run.started", "run.completed")

    for_people = applied("show", first["runId"][:8], "--events").out
    assert "greet agent" in for_people
    assert "tokens" in for_people
    assert "who: Ada" in for_people
    assert "step.completed" in for_people
    assert "events" not in applied("show", first["runId"], "--format", "json").json


def test_a_run_is_named_by_the_beginning_of_its_id_if_no_other_begins_so(applied):
    with open_store(get_settings().store_url).begin() as tx:
        for run_id in ("abc1", "abc2", "abc22", "a%"):
            insert_run(tx, NewRun(run_id, "hello", "default", "Hello", 1, {}, launched_by="a test"))

    assert applied("show", "abc1").code == 0
    assert "Run abc2 " in applied("show", "abc2").out
    assert "Run a% " in applied("show", "a%").out
    ambiguous = applied("show", "abc")
    assert ambiguous.code == 2
    assert "`abc` may be `abc1`, `abc2`, `abc22`" in ambiguous.err
    assert "Type more of its id" in ambiguous.err


@pytest.mark.usefixtures("folder")
def test_an_empty_store_says_what_to_type(agentmesh):
    assert "agentmesh demo" in agentmesh("list").out
    assert "agentmesh run WORKFLOW" in agentmesh("runs").out
    assert json.loads(agentmesh("runs", "--format", "json").out) == []


def test_looking_settles_a_run_whose_worker_died(applied):
    run_id = leave_behind("hello")
    with open_services().store.begin() as tx:  # a launch of which nothing ran would be launched again
        step = NewStep(Address("start"), "start", [])
        claim_step(tx, run_id, step, input=None, launch_id=run_id, owner="its worker", lease_seconds=30)

    assert applied("runs", "--format", "json").json[0]["status"] == "running"
    with open_instance(get_settings()) as instance:
        instance.report_run_failed(instance.get_run_by_id(run_id), "It was killed.")

    assert applied("show", run_id, "--format", "json").json["error"] == "`start`: It was killed."


def test_looking_leaves_the_runs_of_another_dagster_instance_alone(applied, folder, monkeypatch):
    leave_behind("hello")
    monkeypatch.setenv("DAGSTER_HOME", str(folder))

    assert applied("runs", "--format", "json").json[0]["status"] == "running"


def leave_behind(workflow_id: str) -> str:
    """A run that a worker has taken up and then left; its id."""
    services = open_services()
    with open_instance(services.settings) as instance:
        workflow = get_entity(services.store, Kind.WORKFLOW, workflow_id)
        launch = prepare_launch(services, instance, workflow, {"who": "Ada"}, launched_by="a test")
        run = instance.get_run_by_id(launch.run_id)
        instance.report_dagster_event(dg.DagsterEvent("PIPELINE_START", launch.job_name), launch.run_id)
        plan = load_plan(services.store, workflow_id, launch.revision)
        start_launch(services, plan, read_launch_facts(plan, run, instance))
    return launch.run_id


def test_a_run_is_forked_with_another_output(applied):
    run_id = applied("run", "hello", "--input", '{"who": "Ada"}', "--format", "json").json["runId"]

    typed = applied(
        "fork", run_id[:8], "--from", "end", "--output", 'greet={"text": "Hello, Ada!"}', "--format", "json"
    )

    assert typed.code == 0
    forked = typed.json
    assert (forked["status"], forked["output"]) == ("succeeded", "Hello, Ada!")
    assert forked["forkedFrom"] == {"runId": run_id, "nodeId": "end", "path": ""}
    assert [step.get("editedBy") is not None for step in forked["steps"]] == [False, True, False]
    shown = applied("show", forked["runId"][:8])
    assert f"forked from {run_id}, from end on" in " ".join(shown.out.split())
    assert f"taken over from {run_id[:8]}, edited by" in " ".join(shown.out.split())
    assert f"forks: {forked['runId']}" in " ".join(applied("show", run_id).out.split())


def test_a_run_is_forked_with_another_input_and_at_the_newest_revision(applied, folder):
    run_id = applied("run", "hello", "--input", '{"who": "Ada"}', "--format", "json").json["runId"]
    (folder / "input.json").write_text('{"who": "Bo"}')

    forked = applied("fork", run_id, "--from", "greet", "-i", "@input.json", "--newest", "--wait", "--format", "json")

    assert (forked.code, forked.json["output"]) == (0, "[offline model] Greet Bo.")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--from", "gret"], "did you mean `greet`?"),
        (["--from", "end", "--output", "greet"], "NODE=JSON"),
        (["--from", "end", "--output", "greet={"], "--output greet="),
        (["--from", "end", "--output", "greet=1"], "must be an object with `text`"),
        (["--from", "end", "--input", "{}"], "'who' is a required property"),
        ([], "--from"),
    ],
)
def test_a_fork_that_cannot_be_made_says_what_to_type(applied, arguments, told):
    run_id = applied("run", "hello", "--input", '{"who": "Ada"}', "--format", "json").json["runId"]
    refused = applied("fork", run_id, *arguments)
    assert refused.code == 2
    assert told in " ".join(refused.err.split())


def test_two_runs_are_compared(applied):
    run_id = applied("run", "hello", "--input", '{"who": "Ada"}', "--format", "json").json["runId"]
    forked = applied("fork", run_id, "--from", "end", "--output", 'greet={"text": "Hi!"}', "--format", "json").json[
        "runId"
    ]

    found = applied("compare", run_id, forked, "--format", "json").json

    assert (found["one"], found["other"]) == (run_id, forked)
    assert found["output"] == {"one": "[offline model] Greet Ada.", "other": "Hi!"}
    assert "input" not in found
    assert [(pair["nodeId"], pair["other"]["output"]) for pair in found["steps"]] == [
        ("greet", {"text": "Hi!"}),
        ("end", "Hi!"),
    ]
    assert found["steps"][0]["other"]["editedBy"]
    shown = " ".join(applied("compare", run_id[:8], forked[:8]).out.split())
    assert f"{forked[:8]} was forked from {run_id[:8]}, from end on." in shown
    assert "edited by" in shown
    assert "Each step ended the same way" in applied("compare", run_id, run_id).out


def test_a_run_executes_the_runs_that_its_steps_wait_for_and_shows_them(agentmesh, folder):
    call = {"id": "call", "type": "workflow", "workflowId": "fails", "config": {"mode": "run"}}
    names = {"id": "each", "type": "branch", "config": {"mode": "each", "items": "context.input", "join": "end"}}
    hello = {
        "id": "hello",
        "type": "workflow",
        "workflowId": "hello",
        "config": {"mode": "run", "input": {"who": "{{ context.item }}"}},
    }
    write_yaml(
        folder / "all.yaml", {**WORKFLOWS, "workflows": [HELLO, FAILS, chain("main", names, hello), chain("sad", call)]}
    )
    agentmesh("apply", "all.yaml")

    run = agentmesh("run", "main", "--input", '["Ada", "Bob"]', "--format", "json").json
    sad = agentmesh("run", "sad", "--format", "json").json

    assert run["output"] == ["[offline model] Greet Ada.", "[offline model] Greet Bob."]
    assert sad["status"] == "failed"
    children = agentmesh("runs", "--parent", run["runId"][:8], "--format", "json").json
    assert sorted(child["input"]["who"] for child in children) == ["Ada", "Bob"]
    shown = agentmesh("show", run["runId"]).out
    assert all(f"run {child['id']}" in shown for child in children)
    assert f"for a step of run {run['runId']}" in agentmesh("show", children[0]["id"]).out
    [failed] = agentmesh("runs", "--parent", sad["runId"], "--format", "json").json
    assert f"The run `{failed['id']}` of `Fails` failed: Not today." in sad["error"]


def test_a_run_that_makes_an_asset_says_so_everywhere(applied):
    applied("run", "hello", "--input", '{"who": "Ada"}')
    applied("run", "waits")
    [run_id] = [run["id"] for run in applied("runs", "--workflow", "hello", "--format", "json").json]
    checks = [
        CheckVerdict(name="has_text", passed=True, severity="error", blocking=True),
        CheckVerdict(name="is_short", passed=False, severity="warn", blocking=False),
    ]
    with open_store(get_settings().store_url).begin() as tx:
        insert_materialization(tx, run_id, AssetLaunch("ai/brief", partition="2026-11-01", backfill_id="kxqp"))
        write_verdicts(tx, run_id, checks)

    assert "ai/brief · 2026-11-01" in applied("runs").out
    found = [applied("runs", "--asset", "ai/brief", "--partition", day, "--format", "json").json for day in DAYS]
    assert [[run["id"] for run in runs] for runs in found] == [[run_id], []]
    shown = applied("show", run_id).out
    assert "asset ai/brief · 2026-11-01, backfill kxqp" in shown
    assert "check   ✓ has_text" in shown
    assert "check   ! is_short" in shown


def test_a_workflow_that_gives_an_asset_is_listed_with_its_key(applied, folder):
    write_yaml(folder / "more.yaml", {"workflows": [{**HELLO, "id": "brief", "asset": {"key": "ai/brief"}}]})
    assert applied("apply", "more.yaml").code == 0

    assert "ai/brief" in applied("list").out
    listed = {line["id"]: line.get("asset") for line in applied("list", "--format", "json").json}
    assert (listed["brief"]["key"], listed["hello"]) == ("ai/brief", None)
