"""A process is killed in each window of a run that a step waits for; nothing is lost, and no child comes twice."""

import pytest

from agentmesh_dagster.crash_points import CrashPoint
from agentmesh_dagster.entities.models import Run, RunStatus, Workflow
from agentmesh_dagster.store.runs import RunFilter, page_runs
from tests.faults.site import Site, calling
from tests.shapes import node, workflow

KILLED = -9


def parent_and_child() -> list[Workflow]:
    """before → a run of `child` → after; the recorder sees `before`, `inside` of the child, and `after`."""
    start, end = node("start", "start"), node("end", "end")
    child = workflow("child", [start, calling("inside"), end], ["start -> inside", "inside -> end"])
    call = node("call", "workflow", workflowId="child", mode="run", input={})
    edges = ["start -> before", "before -> call", "call -> after", "after -> end"]
    return [child, workflow("w", [start, calling("before"), call, calling("after"), end], edges)]


def find_runs(site: Site) -> tuple[Run, list[Run]]:
    """The parent, and its children."""
    with site.services.store.read() as connection:
        [parent] = page_runs(connection, RunFilter(workflow_id="w"), limit=10).items
        return parent, list(page_runs(connection, RunFilter(parent_run_id=parent.id), limit=10).items)


def check(site: Site) -> None:
    site.heal()
    parent, [child] = find_runs(site)
    assert (parent.status, child.status) == (RunStatus.SUCCEEDED, RunStatus.SUCCEEDED), parent.error
    assert [site.calls_of(parent.id, one) for one in ("before", "after")] == [1, 1]
    assert site.calls_of(child.id, "inside") == 1
    site.check()


def test_a_worker_killed_when_its_step_had_begun_to_wait(site: Site):
    site.save(*parent_and_child())
    assert site.start("run", "w", AGENTMESH_CRASH_AT=CrashPoint.CHILD_AWAITED).wait() == KILLED
    assert find_runs(site)[1] == []

    check(site)


@pytest.mark.parametrize("at", [CrashPoint.CHILD_STORED, CrashPoint.LAUNCH_IN_DAGSTER])
def test_whoever_starts_the_child_killed_before_it_is_in_the_queue(site: Site, at: str):
    site.save(*parent_and_child())
    site.start("run", "w").end_well()

    assert site.start("tick", "/", AGENTMESH_CRASH_AT=at).wait() == KILLED

    check(site)


def test_the_worker_of_the_child_killed_when_its_end_was_told_to_the_parent(site: Site):
    site.save(*parent_and_child())
    site.start("run", "w").end_well()
    site.start("tick", "/").end_well()
    _, [child] = find_runs(site)

    assert site.start("execute", child.id, AGENTMESH_CRASH_AT=CrashPoint.CHILD_ENDED).wait() == KILLED

    check(site)


def test_the_worker_of_the_child_killed_before_it_could_tell_its_end(site: Site):
    site.save(*parent_and_child())
    site.start("run", "w").end_well()
    site.start("tick", "/").end_well()
    _, [child] = find_runs(site)

    # start, inside and end of the child
    assert site.start("execute", child.id, AGENTMESH_CRASH_AT=f"{CrashPoint.STEP_ENDED}@3").wait() == KILLED

    check(site)
