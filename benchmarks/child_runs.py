"""A run for each of a thousand items, twenty at once, under `agentmesh dev`: none lost, and how many a second.

    python -m benchmarks.child_runs [--items 1000] [--at-once 20]

Run it at the repository's root. Each child is a run of its own with a start and an end: what is measured is what runs
cost, not what they do.
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import httpx2

from tests.process.servers import run_dev
from tests.shapes import node, workflow

_LOOK_EVERY_SECONDS = 5.0
_ALONE = 5  # children that are asked for one by one


def measure(items: int, at_once: int, folder: Path) -> None:
    """Prints the figures; AssertionError when an item is lost, or comes twice."""
    with run_dev(folder) as dev, dev.open_client() as client:
        _save(client)
        alone = [_run_alone(client) for _ in range(_ALONE)]
        _say(f"a child alone starts {median(start for start, _ in alone):.2f} s after its step has begun to wait")
        _say(f"its parent ends {median(end for _, end in alone):.2f} s after it")
        run_id = _launch(client, "parent", [*range(items)], at_once)
        _wait(client, run_id)
        run = client.get(f"/api/runs/{run_id}").json()
        children = [*_list_children(client, run_id)]
        seconds = _read_moment(run["finishedAt"]) - _read_moment(run["startedAt"])
        assert run["status"] == "succeeded", run.get("error")
        assert run["output"] == [{"item": item} for item in range(items)]
        assert Counter(child["input"]["item"] for child in children) == Counter(range(items))
        assert {child["status"] for child in children} == {"succeeded"}
        most = _count_most_at_once(children)
        _say(
            f"{items} children, at most {most} of {at_once} at once: {seconds:.0f} s, {items / seconds:.2f} a second, "
            f"none lost, none twice; {len(run['launches'])} launches of the parent"
        )


def _save(client: httpx2.Client) -> None:
    nodes = [node("start", "start"), node("end", "end")]
    _post(client, "/api/workflows", workflow("child", nodes, ["start -> end"]).to_wire())
    nodes = [node("start", "start"), node("call", "workflow", workflowId="child", mode="run"), node("end", "end")]
    _post(client, "/api/workflows", workflow("alone", nodes, ["start -> call", "call -> end"]).to_wire())


def _launch(client: httpx2.Client, identity: str, items: list[int], at_once: int) -> str:
    nodes = [
        node("start", "start"),
        node("each", "branch", mode="each", items="context.input", join="end", maxItems=max(1_000, len(items))),
        node(
            "call",
            "workflow",
            workflowId="child",
            mode="run",
            concurrency=at_once,
            input={"item": "{{ context.item }}"},
        ),
        node("end", "end"),
    ]
    flow = workflow(identity, nodes, ["start -> each", "each -> call", "call -> end"])
    _post(client, "/api/workflows", flow.to_wire())
    return str(_post(client, f"/api/workflows/{identity}/runs", {"input": items})["runId"])


def _run_alone(client: httpx2.Client) -> tuple[float, float]:
    """Seconds until the child began, and from its end to that of its parent."""
    run_id = str(_post(client, "/api/workflows/alone/runs", {"input": {}})["runId"])
    _wait(client, run_id, look_every=0.2)
    run, [child] = client.get(f"/api/runs/{run_id}").json(), [*_list_children(client, run_id)]
    events = client.get(f"/api/runs/{run_id}/events").json()["items"]
    [waits] = [event["timestamp"] for event in events if event["type"] == "step.waiting"]
    start = _read_moment(child["startedAt"]) - _read_moment(waits)
    return start, _read_moment(run["finishedAt"]) - _read_moment(child["finishedAt"])


def _list_children(client: httpx2.Client, run_id: str) -> Iterator[dict[str, Any]]:
    cursor: str | None = ""
    while cursor is not None:
        query = {"parentRunId": run_id, "limit": 200, **({"cursor": cursor} if cursor else {})}
        page = client.get("/api/runs", params=query).json()
        yield from page["items"]
        cursor = page.get("nextCursor")


def _count_most_at_once(children: list[dict[str, Any]]) -> int:
    changes = [(_read_moment(child["startedAt"]), 1) for child in children]
    changes += [(_read_moment(child["finishedAt"]), -1) for child in children]
    most = now = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most


def _wait(client: httpx2.Client, run_id: str, look_every: float = _LOOK_EVERY_SECONDS) -> None:
    while client.get(f"/api/runs/{run_id}", params={"maxValueChars": 100}).json()["status"] in ("pending", "running"):
        time.sleep(look_every)


def _post(client: httpx2.Client, path: str, body: Any) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def _read_moment(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000)
    parser.add_argument("--at-once", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(given.items, given.at_once, Path(folder))
