"""A process is killed in the middle of deleting old runs; the next one finds the rest, and nothing else is touched."""

from datetime import timedelta
from pathlib import Path

from agentmesh_dagster.crash_points import CrashPoint
from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.store.runs import list_runs
from tests.control.ageing import make_older
from tests.control.office import APPROVED, Office, draft_gate_publish
from tests.faults.site import Site
from tests.faults.test_crash_points import KILLED


def test_whoever_prunes_may_be_killed_at_any_point(site: Site):
    office = Office(site.services, site.instance)
    ended = [office.start(draft_gate_publish()) for _ in range(3)]
    for run_id in ended:
        office.answer(run_id, "gate", APPROVED)
        office.continue_run(run_id)
    waiting = office.start(draft_gate_publish())
    make_older(site.services.store, timedelta(days=100))
    launches = {run_id: office.run(run_id).launches for run_id in [*ended, waiting]}

    for at in (CrashPoint.PRUNE_BEGUN, f"{CrashPoint.PRUNE_BEGUN}@2", CrashPoint.PRUNED_IN_DAGSTER, CrashPoint.PRUNED):
        assert site.start("prune", 1, AGENTMESH_CRASH_AT=at).wait() == KILLED
        site.heal()
    site.start("prune", 1).end_well()

    with site.services.store.read() as connection:
        assert [run.id for run in list_runs(connection)] == [waiting, ended[-1]], "the last success stays"
    home = Path(site.instance.root_directory)
    for run_id in ended[:-1]:
        for launch in launches[run_id]:
            assert site.instance.get_run_by_id(launch) is None
            assert not [path for path in home.rglob(f"*{launch}*") if path.suffix == ".db"]
    assert all(site.instance.get_run_by_id(launch) for run_id in (waiting, ended[-1]) for launch in launches[run_id])
    office.answer(waiting, "gate", APPROVED)
    office.continue_run(waiting)
    assert office.run(waiting).status is RunStatus.SUCCEEDED
