"""The Python client against a real server."""

import itertools
import socket
import threading
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from agentmesh_dagster.client import AgentMeshClient, ApiFault, ApiUnreachable, NothingThere, NotLoggedIn, Refused
from agentmesh_dagster.entities.models import EventType, Project, RunStatus, Workflow
from agentmesh_dagster.wire import NewFork
from tests.process.servers import RunningDev, find_free_port


def echo(identity: str, **more: object) -> Workflow:
    """A workflow that gives back its input."""
    nodes = [{"id": "start", "type": "start"}, {"id": "end", "type": "end"}]
    edges = [{"id": "e1", "fromNodeId": "start", "toNodeId": "end"}]
    return Workflow.model_validate(
        {"id": identity, "name": identity, "projectId": "default", "graph": {"nodes": nodes, "edges": edges}, **more}
    )


def test_a_run_is_launched_followed_and_read_back(mesh: AgentMeshClient):
    run_id = mesh.launch("support_triage", {"subject": "Late", "body": "Where is it?", "customer": "Ada"})
    events = list(mesh.follow_events(run_id))
    run = mesh.wait(run_id, timeout=60)

    assert run.status is RunStatus.SUCCEEDED, run.error
    assert [event.id for event in events] == sorted({event.id for event in events})
    assert (events[0].type, events[-1].type) == (EventType.RUN_STARTED, EventType.RUN_COMPLETED)
    assert mesh.list_events(run_id) == events
    assert {step.node_id for step in mesh.list_steps(run_id)} >= {"start", "classify", "end"}
    assert mesh.get_pinned_workflow(run_id).workflow.id == "support_triage"
    assert run_id in [one.id for one in mesh.list_runs(workflow_id="support_triage")]


def test_a_follower_comes_back_behind_the_last_event_it_saw(server: RunningDev, mesh: AgentMeshClient):
    run_id = mesh.launch("support_triage")
    mesh.wait(run_id, timeout=60)
    everything = mesh.list_events(run_id)

    with AgentMeshClient(server.url, token=server.read_token(), transport=_CutsStreams()) as shaky:
        seen = list(shaky.follow_events(run_id))

    assert seen == everything


class _CutsStreams(httpx2.HTTPTransport):
    """A network that breaks each of the first streams after some bytes."""

    def __init__(self) -> None:
        super().__init__()
        self._left = [400, 900, 1500]

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = super().handle_request(request)
        if request.headers.get("accept") == "text/event-stream" and self._left:
            response.stream = _Cut(response.stream, self._left.pop(0))
        return response


class _Cut(httpx2.SyncByteStream):
    def __init__(self, stream, length: int) -> None:
        self._stream = stream
        self._left = length

    def __iter__(self):
        for part in self._stream:
            yield part[: self._left]
            self._left -= len(part)
            if self._left <= 0:
                raise httpx2.ReadError("the cable was pulled")

    def close(self) -> None:
        self._stream.close()


def test_entities_are_created_saved_listed_restored_and_deleted(mesh: AgentMeshClient):
    mesh.projects.create(Project(id="garden", name="Garden"))
    first = mesh.workflows.create(echo("seeds", projectId="garden"))
    second = mesh.workflows.save(first.model_copy(update={"description": "Which to sow."}))

    with pytest.raises(Refused, match="revision"):
        mesh.workflows.save(first)
    assert [one.id for one in mesh.workflows.list_all(project_id="garden")] == ["seeds"]
    assert first.revision is not None
    assert [one.revision for one in mesh.workflows.list_revisions("seeds")] == [second.revision, first.revision]
    assert mesh.workflows.get_revision("seeds", first.revision).description is None
    assert mesh.workflows.restore("seeds", first.revision).description is None

    with pytest.raises(Refused, match="seeds"):
        mesh.projects.delete("garden")
    mesh.workflows.delete("seeds")
    mesh.projects.delete("garden")
    with pytest.raises(NothingThere):
        mesh.workflows.get("seeds")


def test_a_document_with_faults_is_refused_with_all_of_them(mesh: AgentMeshClient):
    before = [one.id for one in mesh.workflows.list_all()]
    document = {"workflows": [{"id": "w", "name": "W", "graph": {"nodes": [{"id": "end", "type": "end"}]}}]}

    found = {issue.code for issue in mesh.validate(document)}
    with pytest.raises(ApiFault) as refused:
        mesh.apply(document)

    assert refused.value.status == 422
    assert {issue["code"] for issue in refused.value.issues} == found
    assert len(found) > 0
    assert [one.id for one in mesh.workflows.list_all()] == before


def test_an_export_applied_again_changes_nothing(mesh: AgentMeshClient):
    assert {one.change for one in mesh.apply(mesh.export("support_triage"))} == {"unchanged"}


def test_a_gate_is_answered_once_and_the_run_goes_on(mesh: AgentMeshClient):
    run_id = mesh.launch("backfill_approval")
    run = mesh.wait(run_id, timeout=60)
    [step_id] = run.waiting_on
    assert step_id in [gate.step_id for gate in mesh.list_gates()]

    answers = [{"approved": True, "comment": f"{who}"} for who in range(4)]
    outcomes: list[object] = []

    def answer(output: dict[str, object]) -> None:
        try:
            outcomes.append(mesh.answer(step_id, output))
        except Refused as refused:
            outcomes.append(refused)

    threads = [threading.Thread(target=answer, args=(output,)) for output in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    refusals = [one for one in outcomes if isinstance(one, Refused)]
    assert len(refusals) == len(answers) - 1
    assert {refusal.problem["state"] for refusal in refusals} == {"answered"}
    assert mesh.get_gate(step_id).answered_by == "admin"
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    decided = mesh.list_decisions(workflow_id="backfill_approval", by="admin", since=hour_ago)
    assert [decision.run_id for decision in decided].count(run_id) == 1
    assert list(mesh.list_decisions(until=hour_ago)) == []
    assert list(mesh.follow_events(run_id))[-1].type is EventType.RUN_COMPLETED
    assert mesh.get_run(run_id).status is RunStatus.SUCCEEDED


def test_a_run_is_forked(mesh: AgentMeshClient):
    run_id = mesh.launch("backfill_approval")
    assert mesh.wait(run_id, timeout=60).waiting_on

    forked = mesh.wait(mesh.fork(run_id, NewFork(from_node_id="approved")), timeout=60)

    assert forked.forked_from is not None
    assert (forked.forked_from.run_id, len(forked.waiting_on)) == (run_id, 1)
    assert mesh.get_run(run_id).forks == [forked.id]
    with pytest.raises(ApiFault) as refused:
        mesh.fork(run_id, NewFork(from_node_id="nowhere"))
    assert [issue["code"] for issue in refused.value.issues] == ["unknown-node"]


def test_a_waiting_run_is_canceled_once(mesh: AgentMeshClient):
    run_id = mesh.launch("backfill_approval")
    mesh.wait(run_id, timeout=60)

    assert mesh.cancel(run_id).status is RunStatus.CANCELED
    with pytest.raises(Refused, match="canceled"):
        mesh.cancel(run_id)


def test_the_pages_of_a_list_come_one_after_the_other(mesh: AgentMeshClient):
    ids = [mesh.launch("support_triage") for _ in range(3)]

    listed = [run.id for run in itertools.islice(mesh.list_runs(), 3)]

    assert listed == list(reversed(ids))


def test_an_event_is_taken_once(mesh: AgentMeshClient):
    first = mesh.post_event("nobody.listens", {"a": 1}, event_id="one")
    again = mesh.post_event("nobody.listens", {"a": 1}, event_id="one")

    assert (first.is_new, again.is_new) == (True, False)


def test_without_a_token_nothing_is_told(server: RunningDev):
    with AgentMeshClient(server.url) as stranger, pytest.raises(NotLoggedIn, match="AGENTMESH_TOKEN"):
        list(stranger.list_runs())


def test_where_nobody_listens_the_address_is_named():
    url = f"http://127.0.0.1:{find_free_port()}"
    with AgentMeshClient(url) as lost, pytest.raises(ApiUnreachable, match=url):
        lost.get_run("any")


def test_a_server_that_is_no_agentmesh_is_told_in_its_own_words():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def answer() -> None:
            connection, _ = listening.accept()
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\noops")
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with AgentMeshClient(f"http://127.0.0.1:{port}") as lost, pytest.raises(ApiFault, match=r"Bad Gateway \(502\)"):
            lost.get_run("any")
        thread.join()


def test_a_draft_is_written_listed_published_and_discarded(mesh: AgentMeshClient):
    unfinished = {"name": "Weeds", "projectId": "default", "graph": {"nodes": [], "edges": []}}
    first = mesh.workflows.save_draft("weeds", unfinished, version=0)

    assert first.issues
    assert "weeds" in [draft.id for draft in mesh.list_drafts(project_id="default")]
    with pytest.raises(ApiFault):
        mesh.workflows.publish_draft("weeds")
    with pytest.raises(Refused, match="saved by admin"):
        mesh.workflows.save_draft("weeds", unfinished, version=0)
    mesh.workflows.save_draft("weeds", echo("weeds").to_wire(), version=first.version)
    published = mesh.workflows.publish_draft("weeds", "all gone")
    assert [one.message for one in mesh.workflows.list_revisions("weeds")] == ["all gone"]
    mesh.workflows.save_draft("weeds", published.to_wire())
    assert [one.id for one in mesh.workflows.list_all() if getattr(one, "has_draft", False)] == ["weeds"]
    mesh.workflows.discard_draft("weeds")
    with pytest.raises(NothingThere):
        mesh.workflows.get_draft("weeds")
