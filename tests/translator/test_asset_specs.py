"""What Dagster is told of an asset: partitions, lineage, when it is asked for, its checks."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.entities.assets import Partitions
from agentmesh_dagster.graph.code_version import digest_code
from agentmesh_dagster.graph.plan import Plan, plan_graph
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.specs.cron import find_shortest_pause
from agentmesh_dagster.translator.asset_specs import build_assets_definition, build_outs, build_partitions
from agentmesh_dagster.translator.dagster_internals import disable_dagster_warnings
from tests.shapes import node, workflow

START = {"start": "2026-03-01", "timezone": "Europe/Berlin"}
NEVER = {"start": "3026-03-01"}


def plan_brief(**asset: Any) -> Plan:
    flow = workflow(
        "brief",
        [node("start", "start"), node("end", "end")],
        ["start -> end"],
        description="What happened.",
        asset={"key": "ai/brief", **asset},
    )
    return plan_graph(read_graph(flow), {}, {})


def build(settings: Settings = Settings(), **asset: Any) -> dg.AssetsDefinition:  # noqa: B008
    plan = plan_brief(**asset)
    assert plan.workflow.asset is not None

    def make(_context: dg.OpExecutionContext, _inputs: Mapping[str, Any]) -> Any:
        yield dg.Output(None, "ai__brief")

    op = dg.OpDefinition(compute_fn=make, name="make", outs=build_outs(plan.workflow.asset))
    return build_assets_definition(plan, op, settings)


def spec_of(assets: dg.AssetsDefinition, key: str = "ai/brief") -> dg.AssetSpec:
    return assets.get_asset_spec(dg.AssetKey(key.split("/")))


def partitions_of(**fields: Any) -> Any:
    return build_partitions(Partitions.model_validate(fields))


def test_the_asset_is_described_by_its_own_words():
    said = {"group": "ai", "owners": ["team:support"], "tags": {"domain": "support"}, "kinds": ["openai"]}
    spec = spec_of(build(**said, description="A brief."))

    assert spec.description == "A brief."
    assert spec.group_name == "ai"
    assert spec.owners == ["team:support"]
    assert spec.tags["domain"] == "support"
    assert spec.kinds == {"openai"}
    assert spec.metadata["agentmesh/workflow"].value == "brief"


def test_the_workflow_describes_what_does_not_describe_itself_and_is_linked():
    spec = spec_of(build(Settings(public_url="https://mesh.example/")))

    assert spec.description == "What happened."
    assert spec.metadata["in AgentMesh"].value == "https://mesh.example/agentmesh/workflows/brief"


def test_parts_stand_between_what_the_asset_is_made_from_and_the_asset():
    parts = {"start": {"key": "ai/brief/question", "group": "raw"}}
    assets = build(deps=["raw/tickets"], parts=parts, partitions={"daily": START})
    part, whole = spec_of(assets, "ai/brief/question"), spec_of(assets)

    assert [dep.asset_key.to_user_string() for dep in part.deps] == ["raw/tickets"]
    assert [dep.asset_key.to_user_string() for dep in whole.deps] == ["raw/tickets", "ai/brief/question"]
    assert part.group_name == "raw"
    assert part.partitions_def == whole.partitions_def


def test_no_output_is_required_as_a_run_that_waits_gives_none():
    assets = build(checks=[{"name": "has text", "condition": "context.output != ''"}])
    with dg.DagsterInstance.ephemeral() as instance:
        job = dg.Definitions(assets=[assets]).resolve_implicit_global_asset_job_def()
        assert job.execute_in_process(instance=instance).success


def test_keys_and_checks_of_any_text_have_outputs_of_their_own():
    checks = [{"name": name, "condition": "true"} for name in ("ai brief", "ai-brief", "größer", "ai/brief")]
    assets = build(checks=checks, parts={"start": {"key": "ai brief"}})

    assert len(assets.node_def.output_dict) == 6
    assert {spec.name for spec in assets.check_specs} == {check["name"] for check in checks}


def test_a_check_says_what_it_looks_at_and_blocks_if_told_so():
    check = {"name": "has_text", "condition": "context.output != ''", "blocking": True}
    [spec] = build(checks=[check], partitions={"daily": START}).check_specs

    assert spec.description == "`context.output != ''`"
    assert spec.blocking
    assert spec.partitions_def == partitions_of(daily=START), "else Dagster does not say of which one a verdict is"


@pytest.mark.parametrize(
    ("kind", "now", "first", "last"),
    [
        ("daily", "2026-03-03", "2026-03-01", "2026-03-02"),
        ("weekly", "2026-03-20", "2026-03-01", "2026-03-08"),  # Sundays
        ("monthly", "2026-05-02", "2026-03-01", "2026-04-01"),
    ],
)
def test_partitions_of_times(kind: str, now: str, first: str, last: str):
    keys = partitions_of(**{kind: START}).get_partition_keys(datetime.fromisoformat(now))

    assert (keys[0], keys[-1]) == (first, last)


def test_a_day_is_23_or_25_hours_long_when_the_clocks_are_changed():
    days = partitions_of(daily=START)
    spring, autumn = (
        tuple(moment.astimezone(UTC) for moment in days.time_window_for_partition_key(key))
        for key in ("2026-03-29", "2026-10-25")
    )

    assert spring[0] == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert spring[1] - spring[0] == timedelta(hours=23)
    assert autumn[1] - autumn[0] == timedelta(hours=25)


def test_the_hour_that_is_skipped_has_no_partition_and_the_doubled_one_has_two():
    hours = partitions_of(hourly={"start": "2026-03-01-00:00", "timezone": "Europe/Berlin"})
    keys = hours.get_partition_keys(datetime(2026, 11, 1, tzinfo=UTC))

    assert "2026-03-29-02:00" not in keys
    assert sum(key.startswith("2026-03-29") for key in keys) == 23
    assert sum(key.startswith("2026-10-25") for key in keys) == 25
    assert len(keys) == len(set(keys))


def test_partitions_by_name():
    assert partitions_of(static=["de", "fr"]).get_partition_keys() == ["de", "fr"]
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("customers", ["acme"])
        customers = partitions_of(dynamic="customers")
        assert customers.get_partition_keys(dynamic_partitions_store=instance) == ["acme"]


def test_freshness_is_a_window_or_a_time():
    within = spec_of(build(freshness={"within": 3600})).freshness_policy
    by_time = spec_of(build(freshness={"cron": "0 10 * * *", "lowerBoundSeconds": 600})).freshness_policy

    assert within == dg.FreshnessPolicy.time_window(timedelta(hours=1))
    assert by_time == dg.FreshnessPolicy.cron("0 10 * * *", timedelta(minutes=10))


class Automation:
    """Looks at an asset again and again, as Dagster's daemon does."""

    def __init__(self, instance: dg.DagsterInstance, **asset: Any) -> None:
        @dg.asset(key=["raw", "tickets"])
        def tickets() -> None: ...

        self.instance, self.cursor, self.tickets = instance, None, tickets
        self.definitions = dg.Definitions(assets=[tickets, build(deps=["raw/tickets"], **asset)])

    def make_upstream(self) -> None:
        dg.materialize([self.tickets], instance=self.instance)

    def asks(self, at: datetime | None = None) -> int:
        """How many partitions are asked for now; 1 for one without partitions."""
        with disable_dagster_warnings():  # it calls its own way of asking beta
            result = dg.evaluate_automation_conditions(
                self.definitions, instance=self.instance, cursor=self.cursor, evaluation_time=at
            )
        self.cursor = result.cursor
        return result.get_num_requested(dg.AssetKey(["ai", "brief"]))


def test_eager_asks_once_for_each_new_version_of_what_it_is_made_from():
    with dg.DagsterInstance.ephemeral() as instance:
        automation = Automation(instance, automation="eager")
        assert automation.asks() == 0, "its upstream is missing"
        automation.make_upstream()
        assert [automation.asks(), automation.asks()] == [1, 0]


def test_on_missing_asks_for_partitions_that_are_added_later_once_their_upstream_is_there():
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("customers", ["old"])
        automation = Automation(instance, automation="onMissing", partitions={"dynamic": "customers"})
        automation.make_upstream()
        assert automation.asks() == 0, "Dagster leaves alone what is missing when it looks for the first time"
        instance.add_dynamic_partitions("customers", ["new"])
        assert [automation.asks(), automation.asks()] == [1, 0]


def test_cron_asks_after_its_time_in_its_zone():
    noon = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)  # 12:30 in Berlin
    with dg.DagsterInstance.ephemeral() as instance:
        automation = Automation(instance, automation={"cron": "0 13 * * *", "timezone": "Europe/Berlin"})
        assert automation.asks(noon) == 0
        automation.make_upstream()
        assert automation.asks(noon + timedelta(minutes=20)) == 0, "12:50 in Berlin"
        assert automation.asks(noon + timedelta(minutes=35)) == 0, "13:05, but its upstream is older"
        automation.make_upstream()
        assert [automation.asks(noon + timedelta(minutes=later)) for later in (40, 45)] == [1, 0]


def test_the_whole_and_each_part_say_what_they_hang_on():
    assets = build(parts={"start": {"key": "ai/start"}})
    plan = plan_brief(parts={"start": {"key": "ai/start"}})

    assert spec_of(assets).code_version == digest_code(plan)
    assert spec_of(assets, "ai/start").code_version == digest_code(plan, "start")
    assert digest_code(plan) != digest_code(plan, "start")


CRONS = ["*/5 * * * *", "0 9 * * *", "30 6,18 * * *", "0 9 * * 1-5", "0 0 1 * *", "@daily", "@hourly", "15 4 1,15 * 2"]
CRONS += ["0 22 * * mon#1"]


@pytest.mark.parametrize("cron", CRONS)
def test_a_freshness_that_passes_the_rules_is_one_that_dagster_takes(cron: str):
    assert build(freshness={"cron": cron, "lowerBoundSeconds": find_shortest_pause(cron)})
