"""Two processes at the same thing at the same moment: one wins, the other does nothing."""

import time
from pathlib import Path

import dagster as dg

from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.entities.models import EventType
from agentmesh_dagster.runtime.answers import Answer, answer_gate
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.runs import list_runs
from tests.faults.multiply import multiply
from tests.faults.processes import wait_until
from tests.faults.site import APPROVED, Site, draft_gate_publish
from tests.store.gate_rows import select_gates

GATES = 200
RUNS = 20


def many_waiting(site: Site, count: int) -> list[str]:
    """The step ids of the gates that as many runs wait at."""
    site.save(draft_gate_publish())
    site.start("run", "w").end_well()
    multiply(site.services, site.instance, site.run().id, count - 1)
    return site.gates()


def ready(site: Site) -> Path:
    return site.folder / "now"


def test_of_two_processes_that_answer_the_same_gates_each_gate_takes_one(site: Site):
    waiting = many_waiting(site, GATES)
    assert len(waiting) == GATES
    both = {by: site.start("answer_all", waiting, by, str(ready(site))) for by in ("ann", "bob")}
    wait_until(lambda: all(process.read_output() == "ready\n" for process in both.values()))
    ready(site).touch()
    won = {by: process.end_well()[1:] for by, process in both.items()}

    assert sorted(won["ann"] + won["bob"]) == sorted(waiting)
    with site.services.store.read() as connection:
        found = {row.step_id: row for row in connection.execute(select_gates())}
        for by, step_ids in won.items():
            for step_id in step_ids:
                gate = found[step_id]
                assert (gate.state, gate.answered_by, gate.answer["comment"]) == ("answered", by, by)
                types = [event.type for event in list_events(connection, gate.run_id)]
                assert types.count(EventType.GATE_ANSWERED) == 1


def test_two_ticks_of_the_sensor_at_once_resume_each_run_once(site: Site):
    for step_id in many_waiting(site, RUNS):
        answer_gate(site.services, step_id, Answer(APPROVED, "ann", "test"))
    both = [site.start("tick", str(ready(site))) for _ in range(2)]
    wait_until(lambda: all(process.read_output() == "ready\n" for process in both))
    ready(site).touch()
    resumed = [run_id for process in both for run_id in process.end_well()[1:]]

    with site.services.store.read() as connection:
        runs = list_runs(connection, limit=1_000)
    assert sorted(resumed) == sorted(run.id for run in runs)
    for run in runs:
        assert len(run.launches) == 2
        queued = site.instance.get_records_for_run(run.launches[1], of_type=dg.DagsterEventType.RUN_ENQUEUED)
        assert len(queued.records) == 1, "the queue is given a run once"


def test_a_thousand_waiting_runs_cost_the_sensor_less_than_a_second_and_no_process(site: Site):

    assert len(many_waiting(site, 1_000)) == 1_000

    started = time.monotonic()
    done = run_maintenance(site.services, site.instance)
    seconds = time.monotonic() - started

    assert (done.waiting, done.resumed, done.settled) == (1_000, [], [])
    assert seconds < 1, seconds
    at_work = dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTED])
    assert site.instance.get_runs_count(at_work) == 0
