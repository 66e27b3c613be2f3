"""The run queue that is looked at twice a second."""

import threading
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._daemon.controller import create_daemon_of_type
from dagster._daemon.daemon import SpanMarker
from dagster._daemon.run_coordinator import QueuedRunCoordinatorDaemon

QUICK = {"module": "agentmesh_dagster.extensions.quick_queue", "class": "QuickRunCoordinator"}


class Waits(threading.Event):
    """Dagster's shutdown event, which its daemons wait for when they have nothing to do."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def wait(self, timeout: float | None = None) -> bool:
        self.count += 1
        return super().wait(timeout)


def look_at_the_queue(instance: dg.DagsterInstance, times: int) -> int:
    """How often the daemon waited for half a second between so many looks."""
    daemon = create_daemon_of_type(QueuedRunCoordinatorDaemon.daemon_type(), instance)
    waits = Waits()
    with WorkspaceProcessContext(instance, None) as workspace:
        steps: Iterator[object] = daemon.core_loop(workspace, waits)
        for _ in range(times + 1):
            while next(steps) is not SpanMarker.START_SPAN:
                pass
    return waits.count


@pytest.mark.parametrize(("config", "waits"), [({}, 1), ({"dequeue_interval_seconds": 0.8}, 2)])
def test_the_daemon_waits_for_parts_of_a_second(config: dict[str, float], waits: int):
    with dg.instance_for_test(overrides={"run_coordinator": QUICK | {"config": config}}) as instance:
        assert look_at_the_queue(instance, times=2) == 2 * waits


def test_it_keeps_what_dagsters_queue_can_be_told():
    limits = {"concurrency": {"runs": {"max_concurrent_runs": 3}}}
    threads = {"dequeue_use_threads": True, "dequeue_num_workers": 4}
    with dg.instance_for_test(overrides={"run_coordinator": QUICK | {"config": threads}, **limits}) as instance:
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 3
        coordinator = instance.run_coordinator
        assert (coordinator.dequeue_use_threads, coordinator.dequeue_num_workers) == (True, 4)  # pyright: ignore
