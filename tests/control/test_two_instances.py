"""One store, two Dagster instances: each looks after its own launches and leaves the others alone."""

from pathlib import Path

import dagster as dg

from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.runtime.services import Services
from tests.control.instances import open_test_instance
from tests.control.office import APPROVED, CALLS, Office, draft_gate_publish


def test_an_instance_that_does_not_know_a_run_neither_cancels_nor_resumes_it(
    services: Services, instance: dg.DagsterInstance, tmp_path: Path
):
    CALLS.clear()
    office = Office(services, instance)
    run_id = office.start(draft_gate_publish())

    with open_test_instance(tmp_path / "other") as other:
        run_maintenance(office.services, other)
        assert office.run(run_id).waiting_on

        office.answer(run_id, "gate", APPROVED)
        assert run_maintenance(office.services, other).resumed == []
        assert other.get_runs_count() == 0

    assert office.continue_run(run_id)
    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert CALLS == ["draft", "publish"]
