"""An installation under test: its store and Dagster, its processes, and what a recorder saw from outside."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Run, Workflow
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.gates import list_open_gates
from agentmesh_dagster.store.launches import list_launches
from agentmesh_dagster.store.runs import get_run, list_runs
from agentmesh_dagster.store.steps import step_id
from agentmesh_dagster.store.tables import launches
from tests.control.dagster_actions import execute_launch
from tests.faults.actions import recorded
from tests.faults.invariants import Recorder, check_invariants
from tests.faults.processes import Process, wait_until
from tests.shapes import function_tool, node, save, workflow

APPROVED: dict[str, JsonValue] = {"approved": True, "comment": "gut 好"}
_ON_THEIR_WAY = [dg.DagsterRunStatus.QUEUED]


def draft_gate_publish(seconds: float = 0) -> Workflow:
    """start → draft → gate → publish → end; the recorder sees `draft` and `publish`."""
    nodes = [node("start", "start"), calling("draft", seconds), node("gate", "human_approval")]
    nodes += [calling("publish", seconds), node("end", "end")]
    return workflow("w", nodes, ["start -> draft", "draft -> gate", "gate -> publish", "publish -> end"])


def calling(identity: str, seconds: float = 0) -> dict[str, Any]:
    return node(identity, "tool", toolId=recorded.__name__, input={"seconds": seconds})


class Site:
    """Starts processes, plays the daemon once the faults are over, and asks the checker."""

    def __init__(self, services: Services, instance: dg.DagsterInstance, folder: Path) -> None:
        self.services = services
        self.instance = instance
        self.folder = folder
        self.accepted: dict[str, JsonValue] = {}
        self.faults: Counter[str] = Counter()
        self.deleted: set[str] = set()
        self._processes: list[Process] = []

    def save(self, *flows: Workflow) -> None:
        save(self.services, function_tool(recorded.__name__), *flows)

    def start(self, action: str, *arguments: Any, **environment: str) -> Process:
        output = self.folder / f"process-{len(self._processes)}"
        process = Process(output, action, *arguments, **environment)
        self._processes.append(process)
        return process

    def close(self) -> None:
        for process in self._processes:
            process.kill()

    @property
    def calls(self) -> Sequence[str]:
        """The keys that the recorder saw, in the order of the calls."""
        path = self.folder / "recorder"
        return path.read_text().split() if path.exists() else []

    def calls_of(self, run_id: str, node_id: str) -> int:
        return self.calls.count(step_id(run_id, Address(node_id)))

    def hit(self, run_id: str, node_id: str) -> None:
        """Notes that a fault hit this very step."""
        self.faults[step_id(run_id, Address(node_id))] += 1

    def run(self) -> Run:
        """The only run."""
        with self.services.store.read() as connection:
            [run] = list_runs(connection)
        return run

    def get_run(self, run_id: str) -> Run:
        with self.services.store.read() as connection:
            return get_run(connection, run_id)

    def gates(self) -> list[str]:
        """The step ids of the open gates, oldest first."""
        with self.services.store.read() as connection:
            return [gate.step_id for gate in list_open_gates(connection)]

    def answer(self, gate: str, output: JsonValue = APPROVED, by: str = "ann") -> None:
        """Answers in a process of its own, which resumes the run through the queue."""
        self.start("answer", gate, output, by).end_well()
        self.accepted[gate] = output

    def let_time_pass(self) -> None:
        """Makes each launch five minutes older: one that was lost is made anew, and so is one that never began."""
        with self.services.store.begin() as tx:
            for column in (launches.c.created_at, launches.c.submitted_at, launches.c.ended_at):
                for row in tx.execute(launches.select()).mappings():
                    if row[column.name] is not None:
                        earlier = row[column.name] - timedelta(minutes=5)
                        by_id = launches.update().where(launches.c.launch_id == row["launch_id"])
                        tx.execute(by_id.values({column.name: earlier}))

    def heal(self) -> None:
        """The faults are over: the sensor ticks and the queue is worked off, until nothing moves any more."""
        self.let_time_pass()
        wait_until(self.is_settled)

    def is_settled(self) -> bool:
        """One tick of the sensor, and all that is queued; whether there was nothing left to do."""
        done = run_maintenance(self.services, self.instance)
        queued = self.instance.get_runs(dg.RunsFilter(statuses=_ON_THEIR_WAY))
        for dagster_run in queued:
            execute_launch(self.services, self.instance, dagster_run.run_id)
        return not (done.resumed or done.settled or queued or self._list_live())

    def _list_live(self) -> list[str]:
        with self.services.store.read() as connection:
            run_ids = [run.id for run in list_runs(connection, limit=10_000)]
            return [launch.id for run_id in run_ids for launch in list_launches(connection, run_id) if launch.is_live]

    def check(self, calls: Sequence[str] | None = None) -> None:
        """Asserts the invariants; the processes that were started must have ended. `calls`: seen elsewhere."""
        sessions = [process.pid for process in self._processes]
        recorder = Recorder(
            self.calls if calls is None else calls, self.accepted, self.faults, frozenset(self.deleted), sessions
        )
        check_invariants(self.services, self.instance, recorder)
