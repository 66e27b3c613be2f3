"""Projects, agents, tools and workflows over HTTP: saved, listed, refused, restored."""

import threading
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from agentmesh_dagster.store.catalogue import FunctionInfo, save_tool_functions
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.tables import tool_functions
from agentmesh_dagster.tools import tool
from tests.api.flows import AGENT, CALCULATOR, says, straight, writes
from tests.api.office import Office


@tool
def shout(text: str) -> str:
    """Says it louder."""
    return text.upper()


def test_what_is_created_gets_an_id_and_a_revision_and_lies_in_a_project_that_makes_itself(office: Office):
    response = office.client.post("/agents", json=AGENT)

    made = response.json()
    assert response.status_code == 201
    assert made["projectId"] == "default"
    assert response.headers["Location"] == f"/agents/{made['id']}"
    assert office.ok("GET", response.headers["Location"]) == made
    assert response.headers["ETag"] == office.client.get(f"/agents/{made['id']}").headers["ETag"]
    assert [project["id"] for project in office.ok("GET", "/projects")["items"]] == ["default"]
    assert "description" not in made, "what is null is left out"


def test_an_id_that_is_taken_is_not_given_again(office: Office):
    office.ok("POST", "/tools", CALCULATOR)

    problem = office.fault(409, "POST", "/tools", CALCULATOR | {"name": "Another"})

    assert problem["type"] == "urn:agentmesh:problem:stale-revision"
    assert problem["savedBy"] == "ann"
    assert office.ok("GET", "/tools/sum")["name"] == "Calculator"


def test_all_faults_of_a_workflow_come_at_once_in_the_authors_words(office: Office):
    body = {
        "name": "w",
        "graph": {
            "nodes": [
                {"id": "start", "type": "start"},
                {"id": "write", "type": "agent", "agentId": "nobody"},
                {"id": "lost", "type": "agnt"},
                {"id": "end", "type": "end", "config": {"output": "{{ context.outputs.nothing }}"}},
            ],
            "edges": [
                {"id": "a", "fromNodeId": "start", "toNodeId": "write"},
                {"id": "b", "fromNodeId": "write", "toNodeId": "end"},
            ],
        },
    }

    problem = office.fault(422, "POST", "/workflows", body)

    issues = {issue.get("nodeId"): issue for issue in problem["issues"]}
    assert issues["write"]["code"] == "unknown-agent"
    assert issues["write"]["path"] == "$.graph.nodes[1].agentId"
    assert "did you mean `agent`?" in issues["lost"]["message"]
    assert "nothing" in issues["end"]["message"]
    assert office.ok("GET", "/workflows")["items"] == []
    assert office.ok("POST", "/workflows/validate", body)["issues"] == problem["issues"]


def test_validating_anything_that_is_json_gives_a_list_of_faults(office: Office):
    cron = {"type": "cron", "cron": "0 6 * * *", "zone": "UTC"}
    bodies: list[Any] = [[], 3, "text", None, {"workflows": [3]}, {"agents": {}}, {}, straight() | {"triggers": [cron]}]
    for body in bodies:
        response = office.client.post("/workflows/validate", json=body)

        assert response.status_code == 200, body
        assert response.json()["issues"], body


def test_an_unknown_name_comes_with_what_is_near_it_in_the_catalogue(office: Office):
    office.ok("POST", "/agents", AGENT | {"id": "letter_writer"})

    problem = office.fault(422, "POST", "/workflows", writes("w", "leter_writer"))

    assert "did you mean `letter_writer`?" in problem["issues"][0]["message"]


def test_where_the_nodes_are_shown_is_kept_for_everybody(office: Office):
    body = straight("w", layout={"start": [0, 0], "end": [180, -40.5], "gone": [1, 1]})
    office.ok("POST", "/workflows", body)

    assert office.ok("GET", "/workflows/w")["layout"] == body["layout"]

    problem = office.fault(422, "PUT", "/workflows/w", body | {"layout": {"start": [0], "end": [True, 10**9]}})
    assert [issue["path"] for issue in problem["issues"]] == [
        "$.layout.start",
        "$.layout.end[0]",
        "$.layout.end[1]",
    ]
    assert problem["issues"][2]["message"] == "`layout.end[1]` must be at most 1,000,000."


def test_who_saves_over_somebody_elses_save_is_told_whose(office: Office):
    seen = office.ok("POST", "/workflows", straight())
    with office.open_client("bob editor session") as bob:
        theirs = bob.put("/workflows/straight", json=seen | {"name": "Bob's"}).json()

    problem = office.fault(409, "PUT", "/workflows/straight", seen | {"name": "Mine"})

    assert (problem["revision"], problem["savedBy"]) == (theirs["revision"], "bob")
    assert problem["savedAt"] == theirs["updatedAt"]
    assert office.ok("GET", "/workflows/straight")["name"] == "Bob's"
    assert office.ok("PUT", "/workflows/straight", theirs | {"name": "Mine"})["name"] == "Mine"


def test_an_etag_guards_what_has_no_revision_in_its_body(office: Office):
    office.ok("POST", "/agents", AGENT | {"id": "a"})
    tag = office.client.get("/agents/a").headers["ETag"]
    changed = office.client.put("/agents/a", json=AGENT | {"name": "Second"}, headers={"If-Match": tag})

    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag
    office.fault(409, "PUT", "/agents/a", AGENT | {"name": "Third"}, headers={"If-Match": tag})
    office.fault(409, "DELETE", "/agents/a", headers={"If-Match": tag})
    for nonsense in ("yesterday", '"0"', "-1", '""', '"9999999999999"'):
        office.fault(422, "DELETE", "/agents/a", headers={"If-Match": nonsense})
    assert office.ok("PUT", "/agents/a", AGENT | {"name": "Fourth"})["name"] == "Fourth", (
        "without a tag the newest wins"
    )


def test_of_many_saves_from_one_revision_exactly_one_wins(office: Office):
    seen = office.ok("POST", "/workflows", straight())
    answers: list[int] = []

    def save(number: int) -> None:
        with office.open_client(f"p{number} editor session") as client:
            answers.append(client.put("/workflows/straight", json=seen | {"name": f"n{number}"}).status_code)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200] + [409] * 7


def test_a_put_saves_only_what_there_is(office: Office):
    office.fault(404, "PUT", "/workflows/straight", straight())
    office.fault(404, "PUT", "/workflows/straight", straight() | {"revision": 3})
    office.ok("POST", "/workflows", straight())
    problem = office.fault(422, "PUT", "/workflows/straight", straight("another"))
    for nonsense in ("three", 0, -1, 1.5, True):
        office.fault(422, "PUT", "/workflows/straight", straight() | {"revision": nonsense})
    office.ok("DELETE", "/workflows/straight")

    assert problem["issues"][0]["path"] == "$.id"
    office.fault(404, "PUT", "/workflows/straight", straight())
    office.fault(404, "GET", "/workflows/straight")
    office.fault(404, "DELETE", "/workflows/straight")


def test_what_is_in_use_is_not_deleted_and_its_users_are_named(office: Office):
    office.apply(tools=[CALCULATOR], agents=[AGENT | {"id": "a", "tools": ["sum"]}], workflows=[writes("w", "a")])

    assert office.fault(409, "DELETE", "/agents/a")["users"] == ["workflow `w`"]
    assert office.fault(409, "DELETE", "/tools/sum")["users"] == ["agent `a`"]
    assert len(office.fault(409, "DELETE", "/projects/default")["users"]) == 3
    assert office.ok("GET", "/agents/a/uses")["items"] == [{"kind": "workflow", "id": "w", "name": "w"}]
    assert office.ok("GET", "/tools/sum/uses")["items"] == [{"kind": "agent", "id": "a", "name": "Writer"}]
    office.fault(404, "GET", "/tools/none/uses")
    for path in ("/workflows/w", "/agents/a", "/tools/sum", "/projects/default"):
        assert office.client.delete(path).status_code == 204


def test_older_revisions_are_listed_shown_and_restored(office: Office):
    first = office.ok("POST", "/workflows", says("w", "one"))
    second = office.ok("PUT", "/workflows/w", says("w", "two"))
    office.ok("DELETE", "/workflows/w")

    history = office.ok("GET", "/workflows/w/revisions")["items"]
    assert [(entry["revision"], entry["deleted"]) for entry in history[1:]] == [
        (second["revision"], False),
        (first["revision"], False),
    ]
    assert history[0]["deleted"]
    assert {entry["savedBy"] for entry in history} == {"ann"}
    old = office.ok("GET", f"/workflows/w/revisions/{first['revision']}")
    assert old["graph"] == first["graph"]
    restored = office.ok("POST", f"/workflows/w/revisions/{first['revision']}/restore")
    assert restored["graph"] == first["graph"]
    assert restored["revision"] > history[0]["revision"]
    assert office.ok("GET", "/workflows/w/revisions")["items"][0]["message"]
    office.fault(404, "GET", "/workflows/w/revisions/9999")
    office.fault(404, "GET", "/workflows/none/revisions")
    office.fault(404, "POST", "/workflows/w/revisions/9999/restore")


def test_a_revision_that_has_become_faulty_is_not_restored(office: Office):
    office.apply(agents=[AGENT | {"id": "a"}])
    old = office.ok("POST", "/workflows", writes("w", "a"))
    office.ok("PUT", "/workflows/w", says("w", "hello"))
    office.ok("DELETE", "/agents/a")

    problem = office.fault(422, "POST", f"/workflows/w/revisions/{old['revision']}/restore")

    assert problem["issues"][0]["code"] == "unknown-agent"


def test_an_id_may_hold_a_slash_or_whatever_else(office: Office):
    for identity in ("team/writer", "a%2Fb", "../agents", "Grüße 🙂", "what?#", "validate"):
        made = office.client.post("/agents", json=AGENT | {"id": identity, "name": identity})
        place = made.headers["Location"]
        assert office.ok("GET", place)["id"] == identity
        assert office.ok("GET", f"{place}/revisions")["items"][0]["name"] == identity
        office.ok("PUT", place, AGENT | {"id": identity})
        office.ok("DELETE", place)


def test_lists_are_read_in_pages_that_miss_and_repeat_nothing(office: Office):
    office.apply(
        project=[{"id": "p", "name": "P"}, {"id": "q", "name": "Q"}],
        tools=[CALCULATOR | {"id": f"t{n}", "name": f"N{n % 3}", "projectId": "pq"[n % 2]} for n in range(7)],
    )
    for query, expected in (("", 7), ("&projectId=p", 4)):
        ids: list[str] = []
        cursor = ""
        while True:
            page = office.ok("GET", f"/tools?limit=2{query}{cursor}")
            assert len(page["items"]) <= 2
            ids += [item["id"] for item in page["items"]]
            if "nextCursor" not in page:
                break
            cursor = f"&cursor={page['nextCursor']}"
        assert len(ids) == len(set(ids)) == expected
    history = [office.ok("PUT", "/projects/p", {"name": f"P{n}"}) for n in range(3)]
    assert history[-1]["name"] == "P2"


def test_the_history_is_read_in_pages(office: Office):
    office.ok("POST", "/tools", CALCULATOR)
    for number in range(4):
        office.ok("PUT", "/tools/sum", CALCULATOR | {"name": f"N{number}"})
    first = office.ok("GET", "/tools/sum/revisions?limit=3")
    second = office.ok("GET", f"/tools/sum/revisions?limit=3&cursor={first['nextCursor']}")

    names = [entry["name"] for entry in first["items"] + second["items"]]
    assert names == ["N3", "N2", "N1", "N0", "Calculator"]
    assert "nextCursor" not in second


def test_jobs_are_loaded_anew_only_when_something_they_are_made_from_has_changed(office: Office):
    office.ok("POST", "/workflows", straight())
    assert office.workspace.reloads == 1
    office.ok("PUT", "/workflows/straight", straight())
    office.ok("PUT", "/projects/default", {"name": "Default", "description": "All of it"})
    office.fault(422, "PUT", "/workflows/straight", {"name": ""})
    assert office.workspace.reloads == 1, "nothing that was saved alters a job"
    office.ok("DELETE", "/workflows/straight")
    assert office.workspace.reloads == 2


def test_who_did_what_is_written_down(office: Office):
    with office.open_client("bob editor token") as bob:
        bob.post("/tools", json=CALCULATOR).raise_for_status()
    office.ok("DELETE", "/tools/sum")

    found = office.ok("GET", "/events?type=entity.saved&type=entity.deleted&limit=2")["items"]

    actions = [
        (event["type"], event["payload"]["id"], event["payload"]["by"], event["payload"]["via"]) for event in found
    ]
    assert actions == [("entity.deleted", "sum", "ann", "session"), ("entity.saved", "sum", "bob", "token")]
    assert office.ok("GET", "/events?projectId=none")["items"] == []


def test_the_overview_counts(office: Office):
    office.apply(workflows=[straight(), says("w", "x")])
    office.start("w")

    [project] = office.ok("GET", "/overview")["items"]

    assert project == {"projectId": "default", "name": "Default", "workflows": 2, "runsLastDay": 1, "waiting": 0}


def test_functions_that_tools_can_name_are_listed(office: Office):
    found = {each["name"]: each for each in office.ok("GET", "/functions")["items"]}

    assert found["calculator"]["type"] == "builtin"
    assert found["calculator"]["inputSchema"]["required"] == ["expression"]
    assert found["shout"]["type"] == "function"
    assert "reportedAt" not in found["shout"]


def test_a_function_that_only_a_code_location_knows_is_listed_with_its_schema(office: Office):
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    store = office.services.store
    save_tool_functions(
        store, "shop", [FunctionInfo("far", "Far away.", schema, {}), FunctionInfo("shout", "", {}, {})]
    )
    save_tool_functions(store, "other", [FunctionInfo("odd", "", {}, {}, "`odd` takes `Frame` as `f`")])

    def find() -> dict[str, Any]:
        return {each["name"]: each for each in office.ok("GET", "/functions")["items"]}

    assert find()["far"]["inputSchema"] == schema
    assert (find()["far"]["isStale"], find()["odd"]["problem"]) == (False, "`odd` takes `Frame` as `f`")
    assert "reportedAt" not in find()["shout"]  # what this process knows itself is no report

    with store.begin() as tx:
        tx.execute(update(tool_functions).values(reported_at=now(tx) - timedelta(hours=3)))
    assert find()["far"]["isStale"]

    office.apply(tools=[{"id": "far", "name": "Far", "type": "function", "config": {"functionName": "far"}}])
    fault = office.fault(422, "POST", "/tools/far/try", {"input": {"a": 1}})
    assert "`far` is registered in the code location" in fault["detail"]

    save_tool_functions(store, "shop", [])
    assert "far" not in find()


def test_a_stored_document_that_cannot_be_read_is_told_and_mended_by_a_save(office: Office):
    office.apply(tools=[CALCULATOR, CALCULATOR | {"id": "whole", "name": "Whole"}])
    with office.services.store.begin() as tx:
        tx.exec_driver_sql("UPDATE agentmesh_revisions SET document = '{}' WHERE entity_id = 'sum'")

    office.fault(409, "GET", "/tools/sum")
    page = office.ok("GET", "/tools")

    assert [item["id"] for item in page["items"]] == ["whole"]
    assert "sum" in page["faults"][0]
    office.ok("PUT", "/tools/sum", CALCULATOR)
    assert "faults" not in office.ok("GET", "/tools")
