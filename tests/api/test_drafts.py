"""Drafts over HTTP: saved with their issues, beside what is published, and published when they have none."""

import threading
from typing import Any

from tests.api.flows import AGENT, CALCULATOR, straight
from tests.api.office import Office

BROKEN: dict[str, Any] = straight(id="letter") | {
    "graph": {
        "nodes": [
            {"id": "start", "type": "start"},
            {"id": "write", "type": "agnt", "label": None, "config": {"prompt": None, "note": [None]}},
        ],
        "edges": [{"id": "e", "fromNodeId": "start", "toNodeId": "write"}],
    }
}


def test_a_workflow_with_issues_is_saved_as_a_draft_and_what_is_published_goes_on(office: Office):
    published = office.ok("POST", "/workflows", straight(id="letter"))

    saved = office.ok("PUT", "/workflows/letter/draft", {"entity": BROKEN})

    assert [issue["path"] for issue in saved["issues"]] == ["$.graph.nodes[1].type"]
    assert saved["entity"]["graph"] == BROKEN["graph"], "to the last null"
    assert (saved["baseRevision"], saved["publishedRevision"]) == (published["revision"], published["revision"])
    assert saved["savedBy"] == "ann"
    assert office.ok("GET", "/workflows/letter/draft") == saved
    assert office.ok("GET", "/workflows/letter") == published
    assert office.run("letter", {"n": 1})["output"] == {"n": 1}
    [listed] = office.ok("GET", "/workflows")["items"]
    assert listed["hasDraft"] is True
    assert office.ok("PUT", "/workflows/letter", listed)["revision"] == published["revision"], "sent back as it came"


def test_a_draft_is_published_with_a_message_and_gone(office: Office):
    office.ok("POST", "/workflows", straight(id="letter"))
    draft = office.ok("PUT", "/workflows/letter/draft", {"entity": straight(id="letter") | {"name": "Letters"}})
    reloads = office.workspace.reloads

    wanted = {"message": " a better name ", "version": draft["version"]}
    saved = office.ok("POST", "/workflows/letter/draft/publish", wanted)

    newest = office.ok("GET", "/workflows/letter/revisions")["items"][0]
    assert (newest["revision"], newest["message"], newest["savedBy"]) == (saved["revision"], "a better name", "ann")
    assert saved["name"] == office.ok("GET", "/workflows/letter")["name"] == "Letters"
    assert office.workspace.reloads > reloads, "Dagster is told"
    office.fault(404, "GET", "/workflows/letter/draft")
    assert office.ok("GET", "/drafts")["items"] == []
    assert office.ok("GET", "/workflows")["items"][0]["hasDraft"] is False


def test_a_draft_with_issues_is_not_published(office: Office):
    office.ok("PUT", "/workflows/letter/draft", {"entity": BROKEN})

    problem = office.fault(422, "POST", "/workflows/letter/draft/publish", {})

    assert problem["issues"] == office.ok("GET", "/workflows/letter/draft")["issues"]
    assert office.ok("GET", "/workflows")["items"] == []


def test_the_issues_of_a_draft_are_those_of_the_catalogue_as_it_is_now(office: Office):
    nodes = [{"id": "start", "type": "start"}, {"id": "ask", "type": "agent", "agentId": "writer"}]
    nodes.append({"id": "end", "type": "end"})
    edges = [{"id": "a", "fromNodeId": "start", "toNodeId": "ask"}, {"id": "b", "fromNodeId": "ask", "toNodeId": "end"}]
    entity = {"name": "Ask", "projectId": "default", "graph": {"nodes": nodes, "edges": edges}}
    first = office.ok("PUT", "/workflows/ask/draft", {"entity": entity})
    assert [issue["code"] for issue in first["issues"]] == ["unknown-agent"]

    office.ok("POST", "/agents", AGENT | {"id": "writer"})

    assert office.ok("GET", "/workflows/ask/draft")["issues"] == []
    assert office.ok("POST", "/workflows/ask/draft/publish")["name"] == "Ask"


def test_of_two_who_write_one_draft_the_second_is_told_who_was_first(office: Office):
    bob = office.open_client("bob editor session")
    first = office.ok("PUT", "/agents/writer/draft", {"entity": AGENT | {"projectId": "default"}, "version": 0})
    seen = {"entity": {"name": "Mine", "projectId": "default"}, "version": first["version"]}
    assert bob.put("/agents/writer/draft", json=seen).status_code == 200

    problem = office.fault(409, "PUT", "/agents/writer/draft", seen)

    assert (problem["type"], problem["savedBy"]) == ("urn:agentmesh:problem:stale-draft", "bob")
    assert problem["version"] != first["version"]
    assert problem["savedAt"]
    assert office.fault(409, "DELETE", f"/agents/writer/draft?version={first['version']}")["savedBy"] == "bob"
    assert office.fault(409, "POST", "/agents/writer/draft/publish", {"version": first["version"]})["savedBy"] == "bob"


def test_of_many_who_save_and_publish_at_once_each_gets_all_or_is_told(office: Office):
    office.ok("POST", "/tools", CALCULATOR)
    draft = office.ok("PUT", "/tools/sum/draft", {"entity": CALCULATOR | {"name": "Sums"}})
    barrier = threading.Barrier(6)
    codes: list[int] = []

    def publish() -> None:
        client = office.open_client()
        barrier.wait()
        codes.append(client.post("/tools/sum/draft/publish", json={"version": draft["version"]}).status_code)

    threads = [threading.Thread(target=publish) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(set(codes)) in ([200], [200, 404], [200, 409], [200, 404, 409])
    assert codes.count(200) == 1
    assert len(office.ok("GET", "/tools/sum/revisions")["items"]) == 2


def test_a_save_beside_a_draft_makes_it_stale_until_it_is_saved_on_the_newest(office: Office):
    office.ok("POST", "/workflows", straight(id="letter"))
    mine = straight(id="letter") | {"name": "Mine"}
    office.ok("PUT", "/workflows/letter/draft", {"entity": mine})
    theirs = office.ok("PUT", "/workflows/letter", straight(id="letter") | {"name": "Theirs"})

    problem = office.fault(409, "POST", "/workflows/letter/draft/publish", {})

    assert (problem["type"], problem["revision"]) == ("urn:agentmesh:problem:stale-revision", theirs["revision"])
    kept = office.ok("GET", "/workflows/letter/draft")
    assert kept["publishedRevision"] == theirs["revision"] > kept["baseRevision"]
    office.ok("PUT", "/workflows/letter/draft", {"entity": mine, "baseRevision": theirs["revision"]})
    assert office.ok("POST", "/workflows/letter/draft/publish", {})["name"] == "Mine"


def test_what_no_editor_could_show_is_refused(office: Office):
    refused: list[tuple[Any, str]] = [
        ({}, "$.entity"),
        ({"entity": []}, "$.entity"),
        ({"entity": "text"}, "$.entity"),
        ({"entity": {"name": "No graph", "projectId": "default"}}, "$.graph"),
        ({"entity": {"graph": {"nodes": "many"}, "projectId": "default"}}, "$.graph.nodes"),
        ({"entity": {"graph": {"nodes": [{"type": "end"}]}, "projectId": "default"}}, "$.graph.nodes[0].id"),
        ({"entity": BROKEN | {"id": "another"}}, "$.id"),
        ({"entity": BROKEN, "version": "3"}, "$.version"),
        ({"entity": BROKEN, "version": True}, "$.version"),
        ({"entity": BROKEN, "baseRevision": 0}, "$.baseRevision"),
        ({"entity": BROKEN, "more": 1}, "$.more"),
    ]
    for body, place in refused:
        problem = office.fault(422, "PUT", "/workflows/letter/draft", body)

        assert place in [issue["path"] for issue in problem["issues"]], body
    office.fault(404, "GET", "/workflows/letter/draft")


def test_odd_fields_of_an_agent_are_kept_and_told(office: Office):
    entity = {"projectId": "default", "name": "", "modelProvider": "acme", "temperature": "hot", "tools": None, "x": {}}

    saved = office.ok("PUT", "/agents/odd%2Fone/draft", {"entity": entity})

    assert saved["entity"] == entity | {"id": "odd/one"}
    assert len(saved["issues"]) >= 4
    assert [one["id"] for one in office.ok("GET", "/drafts?projectId=default")["items"]] == ["odd/one"]
    office.ok("DELETE", "/agents/odd%2Fone/draft")
    office.fault(404, "DELETE", "/agents/odd%2Fone/draft")


def test_who_discarded_whose_draft_is_written_down(office: Office):
    office.ok("PUT", "/agents/writer/draft", {"entity": AGENT | {"projectId": "default"}})
    bob = office.open_client("bob editor session")
    assert bob.delete("/agents/writer/draft").status_code == 204

    [action] = office.ok("GET", "/events?type=draft.discarded")["items"]

    assert (action["payload"]["by"], action["payload"]["savedBy"], action["payload"]["id"]) == ("bob", "ann", "writer")


def test_only_who_may_edit_writes_drafts(office: Office):
    office.ok("PUT", "/agents/writer/draft", {"entity": AGENT | {"projectId": "default"}})
    viewer = office.open_client("vera viewer session")

    assert viewer.get("/agents/writer/draft").status_code == 200
    assert viewer.put("/agents/writer/draft", json={"entity": {}}).status_code == 403
    assert viewer.delete("/agents/writer/draft").status_code == 403
    assert viewer.post("/agents/writer/draft/publish", json={}).status_code == 403


def test_applying_a_document_publishes_and_leaves_the_draft(office: Office):
    office.ok("PUT", "/workflows/letter/draft", {"entity": straight(id="letter") | {"name": "Draft"}})

    office.apply(workflows=[straight(id="letter")])

    assert office.ok("GET", "/workflows")["items"][0]["hasDraft"] is True
    assert office.ok("GET", "/documents")["workflows"][0]["name"] != "Draft"
    office.fault(409, "POST", "/workflows/letter/draft/publish", {})
    office.ok("DELETE", "/workflows/letter")
    office.fault(404, "GET", "/workflows/letter/draft")
