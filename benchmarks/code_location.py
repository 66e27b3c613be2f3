"""A store with a thousand workflows: how long until Dagster's UI lists them, and until it shows an edit of one.

    python -m benchmarks.code_location [--workflows 1000] [--starts 3] [--edits 5] [--assets 200] [--output F.json]

Run it at the repository's root, on Linux. Everything runs as people run it: `agentmesh dev`, asked over GraphQL and the
API. What the code server's work is made of is measured in a process of its own, in CPU time; with `--assets` so many
of the workflows give an asset, and the phases are measured without and with that.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2

from agentmesh_dagster.entities.models import Agent, Workflow
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store.catalogue import save_entities
from benchmarks.speed.machine import read_cpu_seconds, read_pss_megabytes
from tests.process.servers import RunningDev, run_dev

_NODES = 10
_AGENTS = 5
_EDITED = "w7"
_PATIENCE_SECONDS = 300.0
_REST_SECONDS = 4.0  # two reloads have a rest of 2 s between them, which is no part of an edit alone

# What its list of jobs asks for, and what a job's page asks for.
_LIST = "{ repositoriesOrError { ... on RepositoryConnection { nodes { pipelines { id name isJob } } } } }"
_SHOW = """
query Show($job: String!) {
  pipelineOrError(
    params: { repositoryLocationName: "agentmesh", repositoryName: "__repository__", pipelineName: $job }
  ) { ... on Pipeline { description } }
}
"""
_SERVERS: Mapping[str, str] = {"api grpc": "code server", "code-server": "its proxy"}  # by a part of the command line
_OTHERS = "all others"  # dev, web server, daemon, the warm launcher: forked from one another, with one command line


def fill(home: Path, count: int, assets: int = 0) -> None:
    """Saves that many workflows of ten nodes into the store of a new home; so many of them give an asset."""
    _enter(home)
    agents = [
        Agent.model_validate({"id": f"a{n}", "name": f"Agent {n}", "modelProvider": "local", "modelName": "offline"})
        for n in range(_AGENTS)
    ]
    workflows = [_build_workflow(n, gives_asset=n < assets) for n in range(count)]
    save_entities(open_services().store, [*agents, *workflows], author="benchmark")


def _enter(home: Path) -> None:
    os.environ["AGENTMESH_HOME"] = str(home)
    get_settings.cache_clear()


def _build_workflow(number: int, *, gives_asset: bool) -> Workflow:
    middle = [
        {
            "id": f"step{n}",
            "type": "agent",
            "agentId": f"a{(n + number) % _AGENTS}",
            "label": f"Step {n} of flow {number}",  # so no two workflows share an op definition but those of their ends
            "config": {"prompt": f"Say {n} of {number}: {{{{ context.input.q }}}}"},
        }
        for n in range(_NODES - 2)
    ]
    nodes: list[dict[str, Any]] = [{"id": "start", "type": "start"}, *middle, {"id": "end", "type": "end"}]
    ids = [node["id"] for node in nodes]
    edges = [{"id": f"e{n}", "fromNodeId": ids[n], "toNodeId": ids[n + 1]} for n in range(_NODES - 1)]
    return Workflow.model_validate(
        {
            "id": f"w{number}",
            "name": f"Flow {number}",
            "description": f"Flow {number} of many.",
            "inputSchema": {"type": "object", "properties": {"q": {"type": "string", "default": "hello"}}},
            "graph": {"nodes": nodes, "edges": edges},
            "asset": _build_asset(number) if gives_asset else None,
        }
    )


def _build_asset(number: int) -> dict[str, Any]:
    """Every second has days, every third a condition; each is made from something, and checked."""
    return {
        "key": f"ai/flow{number}",
        "deps": [f"raw/table{number}"],
        "partitions": {"daily": {"start": "2026-01-01"}} if number % 2 else None,
        "automation": "eager" if number % 3 == 0 else None,
        "checks": [{"name": "has_text", "condition": "context.output != null"}],
    }


def measure_phases(home: Path) -> dict[str, float]:
    """CPU seconds of what a code server does with all workflows, each phase for all of them."""
    _enter(home)
    # Imported here: that is a phase, too.
    from agentmesh_dagster.code_location import build_repository
    from agentmesh_dagster.code_location.repository import CatalogueState
    from agentmesh_dagster.runtime.plans import read_plan
    from agentmesh_dagster.store.catalogue import current_revision, list_job_names

    took = {"process and imports": time.process_time()}
    store = open_services().store
    revision = current_revision(store)

    def phase(name: str, work: Callable[[], object]) -> None:
        began = time.process_time()
        work()
        took[name] = round(time.process_time() - began, 3)

    repository = build_repository()
    phase("plans alone", lambda: [read_plan(store, one, revision) for one in list_job_names(store).values()])
    phase("plans, jobs, what Dagster knows of them", repository.load_all_definitions)
    state: Any = repository.get_component_tree()
    assert isinstance(state, CatalogueState)
    phase("a reload with nothing changed", lambda: state.reload_with_state([]).get_repository_def().get_all_jobs())
    return took


def measure_asset_worker(home: Path) -> dict[str, float]:
    """CPU seconds of a worker of our own location that builds the job of its run."""
    _enter(home)
    import dagster as dg

    from agentmesh_dagster.control.location import build_reconstructable_job
    from agentmesh_dagster.control.pinning import build_load_data
    from agentmesh_dagster.store.catalogue import current_revision

    load_data = build_load_data(current_revision(open_services().store))
    took: dict[str, float] = {}
    for name, job, assets in (
        ("a workflow's job", "Flow_7", None),
        ("the job of an asset", "__ASSET_JOB", frozenset({dg.AssetKey(["ai", "flow8"])})),
    ):
        began = time.process_time()
        found = build_reconstructable_job(job, load_data).get_subset(asset_selection=assets).get_definition()
        assert len(found.graph.nodes) >= _NODES
        took[name] = round(time.process_time() - began, 3)
    return took


def measure_guest_worker(home: Path) -> dict[str, float]:
    """CPU seconds of a host project's worker that builds the one job that it executes."""
    _enter(home)
    from dagster._core.code_pointer import ModuleCodePointer
    from dagster._core.definitions.reconstruct import ReconstructableJob, ReconstructableRepository

    from agentmesh_dagster.code_location import build_definitions
    from agentmesh_dagster.control.pinning import build_load_data
    from agentmesh_dagster.store.catalogue import current_revision

    assert build_definitions
    load_data = build_load_data(current_revision(open_services().store))
    # As Dagster's workers do it, from the code pointer and the load data of the run.
    pointer = ModuleCodePointer("benchmarks.host_project", "defs", working_directory=None)
    repository = ReconstructableRepository(pointer, repository_load_data=load_data)
    took = {"process and imports": round(time.process_time(), 3)}
    for name, job in (("a workflow's job", "Flow_7"), ("a job of the host's own", "nightly")):
        began = time.process_time()
        assert ReconstructableJob(repository, job).get_definition().name == job
        took[name] = round(time.process_time() - began, 3)
    return took


def measure_dev(home: Path, count: int, edits: int) -> dict[str, Any]:
    """One start of `agentmesh dev`, then so many edits; seconds, and memory in MB by process."""
    began = time.monotonic()
    with run_dev(home.parent, home=home, arguments=("--no-apply",)) as dev, dev.open_client() as client:
        _wait(lambda: _count_jobs(client) == count)
        load = time.monotonic() - began
        load_cpu = read_cpu_seconds(dev.list_processes())
        took = [_measure_edit(client, f"Edited for the {number + 1}. time.") for number in range(edits)]
        return {"load": load, "load_cpu": load_cpu, "edit": took, "memory_mb": _read_memory(dev)}


def _count_jobs(client: httpx2.Client) -> int:
    answer = client.post("/graphql", json={"query": _LIST}).raise_for_status().json()
    return sum(len(node["pipelines"]) for node in answer["data"]["repositoriesOrError"]["nodes"])


def _measure_edit(client: httpx2.Client, description: str) -> float:
    document = client.get(f"/api/workflows/{_EDITED}").raise_for_status().json()
    began = time.monotonic()
    client.put(f"/api/workflows/{_EDITED}", json=document | {"description": description}).raise_for_status()
    _wait(lambda: description in _show(client, "Flow_7"))
    took = time.monotonic() - began
    time.sleep(_REST_SECONDS)
    return took


def _show(client: httpx2.Client, job: str) -> str:
    answer = client.post("/graphql", json={"query": _SHOW, "variables": {"job": job}}).raise_for_status().json()
    return str(answer["data"]["pipelineOrError"]["description"])


def _read_memory(dev: RunningDev) -> dict[str, float]:
    found: dict[str, float] = {}
    for pid, command in dev.list_processes().items():
        role = next((role for part, role in _SERVERS.items() if part in command), _OTHERS)
        found[role] = round(found.get(role, 0.0) + read_pss_megabytes([pid]), 1)
    return found


def _wait(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.05)


def measure_assets(count: int, assets: int) -> dict[str, Any]:
    """CPU seconds of the phases with so many assets, and of a worker of one."""
    with tempfile.TemporaryDirectory(prefix="agentmesh-") as folder:
        home, fresh = Path(folder) / "home", multiprocessing.get_context("spawn")
        with fresh.Pool(1) as pool:
            pool.apply(fill, (home, count, assets))
        with fresh.Pool(1) as pool:
            phases = pool.apply(measure_phases, (home,))
        with fresh.Pool(1) as pool:
            return {"assets": assets, "phases_cpu": phases, "worker_cpu": pool.apply(measure_asset_worker, (home,))}


def measure(count: int, starts: int, edits: int) -> dict[str, Any]:
    """All figures; times in seconds, medians of what was measured more than once."""
    with tempfile.TemporaryDirectory(prefix="agentmesh-") as folder:
        home = Path(folder) / "home"
        fresh = multiprocessing.get_context("spawn")  # so that imports count, and this process stays small
        with fresh.Pool(1) as pool:
            pool.apply(fill, (home, count))
        with fresh.Pool(1) as pool:
            phases = pool.apply(measure_phases, (home,))
        with fresh.Pool(1) as pool:
            guest_worker = pool.apply(measure_guest_worker, (home,))
        measured = [measure_dev(home, count, edits) for _ in range(starts)]
    took = [seconds for one in measured for seconds in one["edit"]]
    return {
        "workflows": count,
        **(_summarize(measured, took) if measured else {}),
        "phases_cpu": phases,
        "guest_worker_cpu": guest_worker,
        "each": measured,
    }


def _summarize(measured: Sequence[dict[str, Any]], took: Sequence[float]) -> dict[str, Any]:
    return {
        "load": round(statistics.median(one["load"] for one in measured), 2),
        "load_cpu": round(statistics.median(one["load_cpu"] for one in measured), 2),
        "edit": round(statistics.median(took), 2),
        "edit_longest": round(max(took), 2),
        "memory_mb": measured[-1]["memory_mb"],
    }


def main() -> None:
    """Measures, prints, and writes what `--output` asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workflows", type=int, default=1000, help="at least 8")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--edits", type=int, default=5, help="after each start")
    parser.add_argument("--output", type=Path, help="a JSON file")
    parser.add_argument("--assets", type=int, default=0, help="also measures with so many of them giving one")
    given = parser.parse_args()
    results = measure(given.workflows, given.starts, given.edits)
    if given.assets:
        results["with_assets"] = measure_assets(given.workflows, given.assets)
    if given.output is not None:
        given.output.write_text(json.dumps(results, indent=1) + "\n")
    shown = {name: value for name, value in results.items() if name != "each"}
    sys.stdout.write("".join(f"{name:>16}: {value}\n" for name, value in shown.items()))


if __name__ == "__main__":
    main()
