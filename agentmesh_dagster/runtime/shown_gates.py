"""Gates as they are shown: by the names that their run was launched with, and with how they were asked before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from agentmesh_dagster import wire
from agentmesh_dagster.entities.gates import AskedRound, Asking, Gate
from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.graph.asking import find_asked_end, name_checks
from agentmesh_dagster.graph.pinned_node import find_pinned_node, find_pinned_workflow
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import BrokenDocument, EntityNotFound, load_workflow_at
from agentmesh_dagster.store.gate_history import read_history
from agentmesh_dagster.store.gates import StoredGate, list_asked_rounds
from agentmesh_dagster.store.materializations import Materialization, read_materializations
from agentmesh_dagster.store.steps import find_failed_runs


@dataclass(frozen=True)
class _Names:
    workflow: str
    top: Workflow | None = None  # None: it cannot be read any more
    called: Mapping[str, Workflow] = field(default_factory=dict[str, Workflow])  # by id: those that it runs

    def find_title(self, address: Address) -> str:
        """The title of a node, also of one inside of a sub-workflow."""
        node = find_pinned_node(self.top, self.called, address)
        workflow = find_pinned_workflow(self.top, self.called, address)
        if node is None and workflow is not None and (end := find_asked_end(workflow, address.node_id)):
            return name_checks(end.title)
        return node.title if node else address.node_id


@lru_cache(maxsize=500)  # what stands in a revision never changes
def _read_names(store: Store, workflow_id: str, revision: int) -> _Names:
    try:
        found = load_workflow_at(store, workflow_id, revision)
    except (EntityNotFound, BrokenDocument):
        return _Names(workflow_id)
    return _Names(found.workflow.name, found.workflow, found.workflows)


def show_gates(store: Store, gates: Sequence[StoredGate]) -> list[wire.Gate]:
    """Gates as they go over the wire."""
    with store.read() as connection:
        history = read_history(connection, [gate.step_id for gate in gates])
        rounds = list_asked_rounds(connection, gates)
        run_ids = [gate.run_id for gate in gates]
        failed = find_failed_runs(connection, run_ids)
        made = read_materializations(connection, run_ids)
    return [
        _show(
            store,
            gate,
            history.get(gate.step_id, []),
            rounds.get(gate.step_id, []),
            run_has_failed=gate.run_id in failed,
            makes=made.get(gate.run_id),
        )
        for gate in gates
    ]


def show_gate(store: Store, gate: StoredGate) -> wire.Gate:
    """A gate as it goes over the wire."""
    return show_gates(store, [gate])[0]


def _show(
    store: Store,
    gate: StoredGate,
    history: Sequence[Asking],
    rounds: Sequence[AskedRound],
    *,
    run_has_failed: bool,
    makes: Materialization | None,
) -> wire.Gate:
    names = _read_names(store, gate.workflow_id, gate.revision)
    kept = {name: getattr(gate, name) for name in Gate.model_fields}
    return wire.Gate.model_construct(
        **kept,
        workflow=names.workflow,
        label=names.find_title(gate.address),
        history=list(history),
        rounds=list(rounds),
        run_has_failed=run_has_failed,
        asset=makes and makes.asked.key,
        partition=makes and makes.asked.partition,
        backfill_id=makes and makes.asked.backfill_id,
    )
