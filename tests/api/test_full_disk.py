"""The API while nothing can be written: it says so, and what is there is shown."""

from tests.api.office import Office
from tests.process.documents import build_echo
from tests.store.trouble import make_full, make_read_only


def test_a_full_disk_is_507_and_reads_go_on(office: Office):
    saved = office.client.post("/workflows", json=build_echo("Before")).raise_for_status().json()["id"]
    run_id = office.client.post(f"/workflows/{saved}/runs", json={"input": {"who": "Ada"}}).json()["runId"]
    with make_full(office.services.store):
        refused = office.client.post("/workflows", json=build_echo("After", "x" * 100_000))
        assert refused.status_code == 507
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["type"] == "urn:agentmesh:problem:store-full"
        assert "no room left" in refused.json()["title"]
        assert office.client.get(f"/runs/{run_id}").json()["status"] == "pending"
        assert [one["name"] for one in office.client.get("/workflows").json()["items"]] == ["Before"]
    assert office.client.post("/workflows", json=build_echo("After")).status_code == 201


def test_a_read_only_disk_is_503_and_reads_go_on_also_of_a_run_that_dagster_saw_end(office: Office):
    saved = office.client.post("/workflows", json=build_echo("Before")).raise_for_status().json()["id"]
    run_id = office.client.post(f"/workflows/{saved}/runs", json={"input": {"who": "Ada"}}).json()["runId"]
    run = office.instance.get_run_by_id(run_id)
    assert run is not None
    office.instance.report_run_canceled(run)
    with make_read_only(office.services.store):
        refused = office.client.post("/workflows", json=build_echo("After"))
        assert refused.status_code == 503
        assert refused.json()["type"] == "urn:agentmesh:problem:store-read-only"
        assert office.client.get(f"/runs/{run_id}").json()["status"] == "pending", "as it stands in the store"
        assert [one["id"] for one in office.client.get("/runs").json()["items"]] == [run_id]
    assert office.client.get(f"/runs/{run_id}").json()["status"] == "canceled"
