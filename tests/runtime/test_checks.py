"""Checks of assets: decided in the transaction that ends the run, and told in its events."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.entities.models import EventType, RunStatus, Workflow
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.materializations import AssetLaunch
from agentmesh_dagster.testing import run_workflow
from tests.assets import run_asset
from tests.shapes import node, save, workflow

ASKED = AssetLaunch(
    "ai/brief",
    partition="2026-11-30",
    partition_facts={"key": "2026-11-30"},
    upstream={"raw/tickets": {"metadata": {"rows": 3}}},
)


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def with_checks(*checks: dict[str, Any]) -> Workflow:
    return workflow(
        "brief",
        [
            node("start", "start"),
            node("left", "branch"),
            node("done", "end", output={"n": "{{ context.input.n }}", "given": "{{ context.input }}"}),
        ],
        ["start -> left", "left -> done"],
        asset={
            "key": "ai/brief",
            "deps": ["raw/tickets"],
            "partitions": {"static": ["2026-11-30"]},
            "checks": list(checks),
        },
    )


def test_checks_see_the_output_and_all_that_the_run_knows(services: Services, instance: dg.DagsterInstance):
    conditions = [
        "context.output.n == 2",
        "context.last_output.n == 2",
        "context.input.n == 2",
        "context.outputs.left.n == 2",
        "context.run.workflowId == 'brief'",
        "context.partition.key == '2026-11-30'",
        "context.upstream['raw/tickets'].metadata.rows == 3",
        "context.output.n == 3",
    ]
    checks = [{"name": f"c{number}", "condition": text} for number, text in enumerate(conditions)]
    save(services, flow := with_checks(*checks))

    done = run_asset(services, flow, {"n": 2}, ASKED, instance)

    assert done.status is RunStatus.SUCCEEDED
    assert [(verdict.name, verdict.passed) for verdict in done.run.checks] == [
        *((f"c{number}", True) for number in range(7)),
        ("c7", False),
    ]
    assert done.events[-1].type is EventType.RUN_COMPLETED
    assert done.events[-1].payload["checks"] == [verdict.to_wire() for verdict in done.run.checks]


def test_a_check_that_cannot_be_decided_has_not_passed_and_says_why(services: Services, instance: dg.DagsterInstance):
    check = {"name": "sum", "condition": "context.output.given.total > 3", "severity": "warn"}
    save(services, flow := with_checks(check))

    done = run_asset(services, flow, {"n": 2}, ASKED, instance)

    assert done.status is RunStatus.SUCCEEDED
    [verdict] = done.run.checks
    assert not verdict.passed
    assert "total" in (verdict.reason or "")


@pytest.mark.parametrize(
    ("severity", "blocking", "status"),
    [
        ("error", True, RunStatus.FAILED),
        ("error", False, RunStatus.SUCCEEDED),
        ("warn", False, RunStatus.SUCCEEDED),
    ],
)
def test_a_blocking_check_that_fails_fails_the_run(
    services: Services, instance: dg.DagsterInstance, severity: str, blocking: bool, status: RunStatus
):
    check = {"name": "large", "condition": "context.output.n > 10", "severity": severity, "blocking": blocking}
    save(services, flow := with_checks(check, {"name": "small", "condition": "context.output.n < 100"}))

    done = run_asset(services, flow, {"n": 2}, ASKED, instance)

    assert done.status is status
    assert [verdict.passed for verdict in done.run.checks] == [False, True]
    assert done.events[-1].payload["checks"] == [verdict.to_wire() for verdict in done.run.checks]
    if status is RunStatus.FAILED:
        assert done.run.error == "Blocking checks of the asset failed: `large`."
        assert done.run.output is None


def test_a_run_of_the_plain_job_is_no_version_and_has_no_verdicts(services: Services):
    save(services, flow := with_checks({"name": "large", "condition": "context.output.n > 10", "blocking": True}))

    done = run_workflow(services, flow, {"n": 2})

    assert done.status is RunStatus.SUCCEEDED
    assert done.run.checks == []
