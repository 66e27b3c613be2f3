"""A backfill over many partitions, some of which wait for a person while workers are killed: what came of each.

    python -m benchmarks.asset_backfill [--partitions 100] [--gates 10] [--kills 3]

Everything runs as people run it: `agentmesh dev`, asked over GraphQL as Dagster's UI does, and answered over the API in
random order. It fails unless each partition was made once, or failed because its worker was killed.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import dagster as dg
import httpx2
from dagster._core.instance.ref import InstanceRef

from agentmesh_dagster.extensions.warm_launcher.worker_process import read_worker
from tests.process.dagster_ui import DagsterUi
from tests.process.servers import RunningDev, run_dev, wait_until
from tests.shapes import node, workflow
from tests.tools.servers import Recorder, run_recorder, send

PATIENCE_SECONDS = 1800.0
KEY = "ai/many"


@dataclass(frozen=True)
class Plan:
    """Which partitions there are, and what becomes of each."""

    partitions: tuple[str, ...]
    asking: frozenset[str]  # a person
    killed: frozenset[str]  # their workers are, in the midst of a call

    @property
    def made(self) -> set[str]:
        return set(self.partitions) - self.killed


def make_plan(count: int, gates: int, kills: int, seed: int = 14) -> Plan:
    """Gates and kills at random places, always the same ones."""
    partitions = tuple(f"p{number:03}" for number in range(count))
    chosen = random.Random(seed).sample(partitions, gates + kills)
    return Plan(partitions, frozenset(chosen[:gates]), frozenset(chosen[gates:]))


def save_documents(client: httpx2.Client, plan: Plan, address: str) -> None:
    """The workflow whose asset is backfilled: it asks, or calls, or just ends, as the partition says."""
    nodes = [node("start", "start"), node("route", "branch"), node("ask", "human_approval")]
    nodes += [node("call", "tool", toolId="call", input={"key": "{{ context.input.partition.key }}"})]
    nodes += [node("end", "end", output="{{ context.input.partition.key }}")]
    edges = ["start -> route", f"route -> ask if context.input.partition.key in {_list(plan.asking)}"]
    edges += [f"route -> call if context.input.partition.key in {_list(plan.killed)}", "route -> end"]
    edges += ["ask -> end", "call -> end"]
    asset = {"key": KEY, "partitions": {"static": list(plan.partitions)}}
    flow = workflow("many", nodes, edges, asset=asset)
    tool = {"id": "call", "name": "call", "type": "http", "config": {"method": "POST", "url": address}}
    for path, body in (("tools", tool), ("workflows", flow.to_wire())):
        saved = client.post(f"/api/{path}", json=body)
        assert saved.status_code == 201, saved.text


def _list(keys: frozenset[str]) -> str:
    return "[" + ", ".join(f"'{key}'" for key in sorted(keys)) + "]"


def kill_workers(dev: RunningDev, recorder: Recorder, plan: Plan) -> None:
    """Kills the worker of each run whose call has come, until all that are to be killed were."""
    left = set(plan.killed)
    give_up = time.monotonic() + PATIENCE_SECONDS
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(dev.home))) as instance:
        while left and time.monotonic() < give_up:
            called = {received.json["key"] for received in recorder.received}
            for key in sorted(left & called):
                [run] = instance.get_runs(dg.RunsFilter(tags={"dagster/partition": key}))
                worker = read_worker(run)
                if worker is not None:
                    os.kill(worker.pid, signal.SIGKILL)
                    left.discard(key)
            time.sleep(0.2)


def answer_all(client: httpx2.Client, plan: Plan, seed: int = 14) -> None:
    """Answers the gates in random order, each as soon as it is there."""
    left = random.Random(seed).sample(sorted(plan.asking), len(plan.asking))

    def find(key: str) -> list[Any]:
        query = {"asset": KEY, "partition": key, "waiting": True}
        return client.get("/api/runs", params=query).json()["items"]

    for key in left:
        wait_until(partial(find, key), PATIENCE_SECONDS)
        [run] = find(key)
        said = client.post(f"/api/steps/{run['waitingOn'][0]}/human-complete", json={"output": {"approved": True}})
        assert said.is_success, said.text


def run_backfill(dev: RunningDev, client: httpx2.Client, recorder: Recorder, plan: Plan) -> dict[str, Any]:
    """Backfills all partitions, kills and answers meanwhile, and says what came of it."""
    ui = DagsterUi(client)
    released = threading.Event()

    def hold(handler: BaseHTTPRequestHandler) -> None:
        released.wait(PATIENCE_SECONDS)
        send(handler, 200, b"{}")

    recorder.reply = hold
    save_documents(client, plan, recorder.url)
    wait_until(lambda: "__ASSET_JOB" in ((ui.read_asset(KEY) or {}).get("jobNames") or ()), PATIENCE_SECONDS)
    began = time.monotonic()
    backfill_id = ui.backfill(KEY, list(plan.partitions))
    killer = threading.Thread(target=kill_workers, args=(dev, recorder, plan))
    killer.start()
    answer_all(client, plan)
    killer.join()
    is_over: Callable[[], bool] = lambda: ui.read_backfill(backfill_id)[0].startswith("COMPLETED")  # noqa: E731
    wait_until(is_over, PATIENCE_SECONDS)
    released.set()
    status, counts = ui.read_backfill(backfill_id)
    made = Counter(one["partition"] for one in ui.read_asset(KEY)["assetMaterializations"])
    return {
        "seconds": round(time.monotonic() - began, 1),
        "status": status,
        "counts": counts,
        "doubled": sorted(key for key, times in made.items() if times > 1),
        "missing": sorted(plan.made - made.keys()),
        "too many": sorted(made.keys() - plan.made),
        "statuses": ui.read_asset(KEY)["partitionStats"],
    }


def check(plan: Plan, found: dict[str, Any]) -> None:
    """Nothing doubled, nothing missing, every partition's status right."""
    assert (found["doubled"], found["missing"], found["too many"]) == ([], [], []), found
    counts, statuses = found["counts"], found["statuses"]
    assert found["status"] == ("COMPLETED_FAILED" if plan.killed else "COMPLETED_SUCCESS"), found
    assert (counts["numPartitionsMaterialized"], counts["numPartitionsFailed"]) == (len(plan.made), len(plan.killed))
    assert (statuses["numMaterialized"], statuses["numFailed"]) == (len(plan.made), len(plan.killed))
    assert statuses["numMaterializing"] == 0


ENVIRONMENT = {"AGENTMESH_HTTP_ALLOW_HOSTS": "127.0.0.1", "AGENTMESH_LEASE_SECONDS": "5"}


def main() -> None:
    """Runs it once, and prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--partitions", type=int, default=100)
    parser.add_argument("--gates", type=int, default=10)
    parser.add_argument("--kills", type=int, default=3)
    given = parser.parse_args()
    plan = make_plan(given.partitions, given.gates, given.kills)
    with (
        tempfile.TemporaryDirectory(prefix="agentmesh-") as folder,
        run_recorder() as recorder,
        run_dev(Path(folder), environment=ENVIRONMENT) as dev,
        dev.open_client() as client,
    ):
        found = run_backfill(dev, client, recorder, plan)
    sys.stdout.write("".join(f"{name:>10}: {value}\n" for name, value in found.items()))
    check(plan, found)


if __name__ == "__main__":
    main()
