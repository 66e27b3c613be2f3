"""Each fault of an asset is told at its place, in words that say what to do; all of them at once."""

from typing import Any

import pytest

from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.graph.flow import Flow
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import Lookup, validate
from agentmesh_dagster.graph.rules.lookup import find_makers_among
from agentmesh_dagster.specs.schema_writer import write_schema
from tests.shapes import node, workflow

NODES = [
    node("start", "start"),
    node("pick", "branch"),
    node("done", "end", output={"text": "{{ context.input.text }}", "n": 2}),
]
EDGES = ["start -> pick", "pick -> done"]


def make(asset: dict[str, Any], nodes: list[dict[str, Any]] | None = None, edges: list[str] | None = None) -> Workflow:
    return workflow("brief", nodes or NODES, edges or EDGES, asset={"key": "ai/brief", **asset})


def check(asset: dict[str, Any], *more: Any, lookup: Lookup | None = None) -> list[Issue]:
    return validate(read_graph(make(asset, *more)), lookup or Lookup())


def places(issues: list[Issue]) -> list[tuple[str, str | None]]:
    return [(issue.code, issue.path) for issue in issues]


def test_an_asset_with_all_that_there_is_has_no_issues():
    asset = {
        "description": "What came in yesterday.",
        "group": "support/tickets",
        "owners": ["data@example.com", "team:support"],
        "tags": {"domain": "support", "team/tier": "1", "empty": ""},
        "kinds": ["openai", "json"],
        "deps": ["raw/tickets", "Any key, of whomever"],
        "partitions": {"daily": {"start": "2026-11-01", "timezone": "Europe/Berlin"}},
        "automation": {"cron": "0 6 * * *", "timezone": "Europe/Berlin"},
        "freshness": {"cron": "0 9 * * *", "lowerBoundSeconds": 3600},
        "checks": [
            {"name": "has_text", "condition": 'context.output.text != ""', "blocking": True},
            {"name": "same_day", "condition": "context.partition.key == context.input.day", "severity": "warn"},
            {"name": "enough", "condition": 'context.upstream["raw/tickets"].metadata.rows > 3', "ask": True},
            {"name": "picked", "condition": "context.outputs.pick != null && context.run.id != ''"},
            {"name": "last", "condition": "context.last_output.n == 2"},
        ],
        "parts": {"pick": {"key": "ai/brief/pick", "group": "support"}},
    }
    assert check(asset) == []


FIELDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "key with a space": ({"key": "ai/my brief"}, "bad-asset-key", "$.asset.key"),
    "key of a part": ({"parts": {"pick": {"key": "ai/ö"}}}, "bad-asset-key", "$.asset.parts.pick.key"),
    "group": ({"group": "my group"}, "bad-asset-group", "$.asset.group"),
    "owner": ({"owners": ["team:data", "ann"]}, "bad-asset-owner", "$.asset.owners[1]"),
    "tag": ({"tags": {"a b": "c"}}, "bad-asset-tag", "$.asset.tags.a b"),
    "value of a tag": ({"tags": {"a": "ö"}}, "bad-asset-tag", "$.asset.tags.a"),
    "kind": ({"kinds": ["open ai"]}, "bad-asset-kind", "$.asset.kinds[0]"),
    "too many kinds": ({"kinds": [f"k{n}" for n in range(11)]}, "bad-asset-kind", "$.asset.kinds"),
    "start of days": (
        {"partitions": {"daily": {"start": "2026-11-30-00:00"}}},
        "bad-partitions",
        "$.asset.partitions.daily.start",
    ),
    "start of hours": (
        {"partitions": {"hourly": {"start": "2026-11-30"}}},
        "bad-partitions",
        "$.asset.partitions.hourly.start",
    ),
    "a day that never was": (
        {"partitions": {"monthly": {"start": "2026-02-30"}}},
        "bad-partitions",
        "$.asset.partitions.monthly.start",
    ),
    "time zone": (
        {"partitions": {"weekly": {"start": "2026-11-01", "timezone": "Europe/Berln"}}},
        "bad-timezone",
        "$.asset.partitions.weekly.timezone",
    ),
    "partition twice": ({"partitions": {"static": ["a", "a"]}}, "bad-partitions", "$.asset.partitions.static"),
    "partition with a tab": ({"partitions": {"static": ["a\tb"]}}, "bad-partitions", "$.asset.partitions.static[0]"),
    "cron": ({"automation": {"cron": "every day"}}, "bad-cron", "$.asset.automation.cron"),
    "time zone of a cron": (
        {"automation": {"cron": "0 6 * * *", "timezone": "Mars"}},
        "bad-timezone",
        "$.asset.automation.timezone",
    ),
    "freshness": ({"freshness": {"within": 10}}, "bad-freshness", "$.asset.freshness.within"),
    "cron of a freshness": (
        {"freshness": {"cron": "0 25 * * *", "lowerBoundSeconds": 60}},
        "bad-cron",
        "$.asset.freshness.cron",
    ),
    "lower bound": (
        {"freshness": {"cron": "0 9 * * *", "lowerBoundSeconds": 10}},
        "bad-freshness",
        "$.asset.freshness.lowerBoundSeconds",
    ),
    "lower bound behind the time before": (
        {"freshness": {"cron": "*/5 * * * *", "lowerBoundSeconds": 600}},
        "bad-freshness",
        "$.asset.freshness.lowerBoundSeconds",
    ),
    "name of a check": (
        {"checks": [{"name": "has text", "condition": "true"}]},
        "bad-check-name",
        "$.asset.checks[0].name",
    ),
    "check twice": (
        {"checks": [{"name": "a", "condition": "true"}, {"name": "a", "condition": "false"}]},
        "duplicate-check-name",
        "$.asset.checks",
    ),
    "blocking warning": (
        {"checks": [{"name": "a", "condition": "true", "severity": "warn", "blocking": True}]},
        "blocking-warning",
        "$.asset.checks[0].blocking",
    ),
    "unknown part": ({"parts": {"pik": {"key": "ai/pick"}}}, "unknown-part", "$.asset.parts.pik"),
    "start as a part": ({"parts": {"start": {"key": "ai/in"}}}, "part-not-made", "$.asset.parts.start"),
    "end as a part": ({"parts": {"done": {"key": "ai/out"}}}, "part-not-made", "$.asset.parts.done"),
    "made from itself": ({"deps": ["raw/x", "ai/brief"]}, "asset-made-from-itself", "$.asset.deps[1]"),
    "made from its part": (
        {"deps": ["ai/pick"], "parts": {"pick": {"key": "ai/pick"}}},
        "asset-made-from-itself",
        "$.asset.deps[0]",
    ),
    "condition that does not parse": (
        {"checks": [{"name": "a", "condition": "context.output ="}]},
        "bad-expression",
        "$.asset.checks[0].condition",
    ),
    "condition that gives a number": (
        {"checks": [{"name": "a", "condition": "context.output.n"}]},
        "condition-no-boolean",
        "$.asset.checks[0].condition",
    ),
    "field that the output has not": (
        {"checks": [{"name": "a", "condition": "context.output.texts == ''"}]},
        "unknown-field-in-expression",
        "$.asset.checks[0].condition",
    ),
    "round in a check": (
        {"checks": [{"name": "a", "condition": "context.round > 1"}]},
        "unknown-context-field",
        "$.asset.checks[0].condition",
    ),
    "no such field of a run": (
        {"checks": [{"name": "a", "condition": "context.run.name == ''"}]},
        "unknown-context-field",
        "$.asset.checks[0].condition",
    ),
    "context as a whole": (
        {"checks": [{"name": "a", "condition": "context == null"}]},
        "bare-context",
        "$.asset.checks[0].condition",
    ),
    "computed output": (
        {"checks": [{"name": "a", "condition": "context.outputs[context.input.x] == 1"}]},
        "computed-output",
        "$.asset.checks[0].condition",
    ),
    "output of no node": (
        {"checks": [{"name": "a", "condition": "context.outputs.pik == 1"}]},
        "unknown-output",
        "$.asset.checks[0].condition",
    ),
    "partition of none": (
        {"checks": [{"name": "a", "condition": "context.partition.key == ''"}]},
        "not-of-the-asset",
        "$.asset.checks[0].condition",
    ),
    "upstream of none": (
        {"checks": [{"name": "a", "condition": "context.upstream.x == null"}]},
        "not-of-the-asset",
        "$.asset.checks[0].condition",
    ),
}


@pytest.mark.parametrize(("asset", "code", "path"), FIELDS.values(), ids=FIELDS)
def test_each_fault_is_told_once_at_its_place(asset: dict[str, Any], code: str, path: str):
    issues = check(asset)

    assert (code, path) in places(issues)
    assert {issue.path for issue in issues} == {path}, issues
    assert all(issue.message.rstrip(")").endswith((".", "?")) or "(column" in issue.message for issue in issues)


def test_all_faults_are_told_at_once():
    asset = {
        "key": "ai/my brief",
        "group": "a b",
        "partitions": {"daily": {"start": "tomorrow", "timezone": "Mars"}},
        "automation": {"cron": "x"},
        "checks": [{"name": "a b", "condition": "context.x"}],
        "parts": {"nobody": {"key": "ai/x"}},
    }
    assert {issue.code for issue in check(asset)} >= {
        "bad-asset-key",
        "bad-asset-group",
        "bad-partitions",
        "bad-timezone",
        "bad-cron",
        "bad-check-name",
        "unknown-context-field",
        "unknown-part",
    }


def test_a_key_belongs_to_one_asset():
    asset = {"parts": {"pick": {"key": "ai/brief"}}}
    assert places(check(asset)) == [
        ("duplicate-asset-key", "$.asset.key"),
        ("duplicate-asset-key", "$.asset.parts.pick.key"),
    ]


def test_another_workflow_makes_it_already():
    other = make({"key": "ai/other", "parts": {"pick": {"key": "ai/pick"}}}).model_copy(update={"id": "other"})
    lookup = Lookup(find_makers=find_makers_among({"other": other}))

    assert places(check({"parts": {"pick": {"key": "ai/pick"}}}, lookup=lookup)) == [
        ("asset-made-elsewhere", "$.asset.parts.pick.key")
    ]
    [issue] = check({"key": "ai/other"}, lookup=lookup)
    assert issue.message == "The asset `ai/other` is made by the workflow `other` already: choose another key."


def test_a_key_of_ones_own_is_no_other_asset():
    lookup = Lookup(find_makers=find_makers_among({"brief": make({})}))
    assert check({}, lookup=lookup) == []


BOTH_ENDS = [node("start", "start"), node("pick", "branch"), node("a", "end"), node("b", "end")]
ASKS = {"checks": [{"name": "sure", "condition": "context.output != null", "ask": True}]}


def test_a_person_is_asked_once_about_what_a_run_gives():
    both = ["start -> pick", "start -> a", "pick -> b"]
    assert places(check(ASKS, BOTH_ENDS, both)) == [("ask-at-several-ends", "$.asset.checks")]
    one_of_them = ["start -> pick", "pick -> a if context.input.x", "pick -> b"]
    assert check(ASKS, BOTH_ENDS, one_of_them) == []
    failing = [*BOTH_ENDS[:3], node("b", "end", outcome="failed")]
    assert check(ASKS, failing, both) == []
    silent = {"checks": [{"name": "sure", "condition": "context.output != null"}]}
    assert check(silent, BOTH_ENDS, both) == []


PARTITIONS = {"partitions": {"static": ["a"]}}
USES: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "partition": (PARTITIONS, "context.partition.key", []),
    "partition of none": ({}, "context.partition.key", ["not-of-the-asset"]),
    "a field that partitions have not": (PARTITIONS, "context.partition.name", ["unknown-field-in-expression"]),
    "upstream": ({"deps": ["raw/x"]}, 'context.upstream["raw/x"].metadata.rows', []),
    "upstream of none": ({}, 'context.upstream["raw/x"]', ["not-of-the-asset"]),
    "another upstream": ({"deps": ["raw/x"]}, 'context.upstream["raw/y"]', ["not-of-the-asset"]),
    "upstream that is worked out": ({"deps": ["raw/x"]}, "context.upstream[context.input.k]", ["not-of-the-asset"]),
    "output": ({}, "context.output", ["unknown-context-field"]),
}


@pytest.mark.parametrize(("asset", "expression", "codes"), USES.values(), ids=USES)
def test_nodes_know_what_their_asset_has(asset: dict[str, Any], expression: str, codes: list[str]):
    nodes = [node("start", "start"), node("pick", "branch"), node("done", "end", output=f"{{{{ {expression} }}}}")]

    assert [issue.code for issue in check(asset, nodes)] == codes


def test_a_workflow_without_an_asset_has_no_partition():
    flow = workflow("w", [*NODES[:1], node("done", "end", output="{{ context.partition }}")], ["start -> done"])

    [issue] = validate(read_graph(flow))
    assert (issue.code, issue.path) == ("not-of-the-asset", "$.graph.nodes[1].config.output")
    assert "`asset` has `partitions`" in issue.message


def test_completion_knows_them_too():
    asset = {**PARTITIONS, "deps": ["raw/x"]}
    flow = Flow(read_graph(make(asset)), {})

    of_node = write_schema(flow.find_context("done"))
    assert {"partition", "upstream"} <= of_node["properties"].keys()
    assert "output" not in of_node["properties"]
    of_checks = write_schema(flow.find_context_of_checks())
    assert list(of_checks["properties"]) == [
        "input",
        "output",
        "last_output",
        "outputs",
        "partition",
        "upstream",
        "run",
    ]
    plain = write_schema(Flow(read_graph(make({})), {}).find_context("done"))
    assert not {"partition", "upstream"} & plain["properties"].keys()
