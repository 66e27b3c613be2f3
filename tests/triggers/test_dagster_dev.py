"""Triggers under a real `dagster dev`: nothing is lost while it is down, nothing comes twice when it was killed."""

import os
import signal
import time
from pathlib import Path

import pytest

from agentmesh_dagster.entities.models import RunStatus
from tests.code_location.dagster_dev import SELECTOR, DagsterDev
from tests.faults.processes import list_session, wait_until
from tests.faults.site import Site
from tests.faults.test_dagster_dev import run_dev
from tests.triggers.flows import after, flow, on, post, runs_of, save, states

WITHIN_SECONDS = 90

AUTOMATION = """
query Automation($selector: RepositorySelector!) {
  repositoryOrError(repositorySelector: $selector) { ... on Repository {
    schedules { name pipelineName scheduleState { status } }
    sensors { name targets { pipelineName } sensorState { status ticks(limit: 20) { status runIds } } }
  } }
}
"""


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


def kill_daemon(dev: DagsterDev) -> None:
    """With it `dagster dev` ends, too."""
    for pid in list_session(dev.process.pid):
        if b"dagster._daemon" in (Path("/proc") / str(pid) / "cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)


def test_events_ends_of_runs_and_the_clock_start_runs_once_each(site: Site):
    services = site.services
    save(
        services,
        flow("pay", on("order.paid")),
        flow("ship", after("pay")),
        flow("clock", {"type": "cron", "cron": "* * * * *", "input": "{{ context.event.scheduledAt }}"}),
        flow("asleep", on("order.paid", enabled=False)),
    )
    post(services, "order.paid", "while nothing ran", 1)

    with run_dev(site) as dev:
        wait_until(lambda: [run.status for run in runs_of(services, "ship")] == [RunStatus.SUCCEEDED], WITHIN_SECONDS)
        wait_until(lambda: runs_of(services, "clock"), WITHIN_SECONDS)
        assert not post(services, "order.paid", "while nothing ran", 1)
        listed = dev.ask(AUTOMATION, selector=SELECTOR)["repositoryOrError"]
        post(services, "order.paid", "as the daemon is killed", 2)
        wait_until(lambda: "waiting" not in states(services, "pay"), WITHIN_SECONDS)
        kill_daemon(dev)

    post(services, "order.paid", "while nothing ran again", 3)
    with run_dev(site):
        wait_until(lambda: len(runs_of(services, "ship")) == 3, WITHIN_SECONDS)
        wait_until(lambda: {run.status for run in runs_of(services, "ship")} == {RunStatus.SUCCEEDED}, WITHIN_SECONDS)
        time.sleep(12)  # two more ticks of each sensor

    assert sorted(run.input for run in runs_of(services, "pay")) == [1, 2, 3]
    assert sorted(run.input for run in runs_of(services, "ship")) == [1, 2, 3]
    assert runs_of(services, "asleep") == []
    moments = [run.input for run in runs_of(services, "clock")]
    assert moments == sorted(set(moments))
    assert all(moment.endswith(":00Z") for moment in moments)

    [schedule] = listed["schedules"]
    assert schedule == {"name": "clock__cron", "pipelineName": "clock", "scheduleState": {"status": "RUNNING"}}
    sensors = {sensor["name"]: sensor for sensor in listed["sensors"]}
    assert sensors["ship__after_pay_succeeded"]["targets"] == [{"pipelineName": "ship"}]
    assert sensors["asleep__on_order_paid"]["sensorState"]["status"] == "STOPPED"
    ticks = sensors["pay__on_order_paid"]["sensorState"]["ticks"]
    first = runs_of(services, "pay")[0]
    assert [tick["runIds"] for tick in ticks if tick["status"] == "SUCCESS"] == [[first.id]]
