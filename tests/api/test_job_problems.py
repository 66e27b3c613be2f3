"""Why a workflow has no job in a code location: in the API, and in `agentmesh list`."""

from agentmesh_dagster.store.catalogue import list_job_problems, save_job_problems
from tests.api.office import Office
from tests.shapes import node, workflow

WHY = "The workflow `w` has no job: `w` is a job of this code location's own."


def test_a_workflow_says_which_job_it_is_and_why_it_has_none(office: Office):
    flow = workflow("w", [node("start", "start"), node("end", "end")], ["start -> end"], name="Week ly")
    office.apply(workflows=[flow.to_wire()])
    assert office.ok("GET", "/workflows/w/job") == {"name": "Week_ly"}

    save_job_problems(office.services.store, "shop", {"w": WHY})
    save_job_problems(office.services.store, "other", {"w": WHY})

    assert office.ok("GET", "/workflows/w/job") == {"name": "Week_ly", "problem": WHY}
    listed = {item["id"]: item["job"] for item in office.ok("GET", "/workflows")["items"]}
    assert listed["w"] == {"name": "Week_ly", "problem": WHY}

    save_job_problems(office.services.store, "shop", {})
    save_job_problems(office.services.store, "other", {})
    assert list_job_problems(office.services.store) == {}
    office.fault(404, "GET", "/workflows/none/job")
