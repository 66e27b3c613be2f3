"""Gates as they are shown: by the names that their run was launched with, and with how they were asked before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from agentmesh_dagster import wire
from agentmesh_dagster.entities.gates import Asking, Gate
from agentmesh_dagster.entities.models import Kind, Workflow
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import BrokenDocument, EntityNotFound, get_entity
from agentmesh_dagster.store.gate_history import read_history
from agentmesh_dagster.store.gates import StoredGate
from agentmesh_dagster.store.steps import find_failed_runs


@dataclass(frozen=True)
class _Names:
    workflow: str
    nodes: Mapping[str, str]  # titles by node id


@lru_cache(maxsize=500)  # what stands in a revision never changes
def _read_names(store: Store, workflow_id: str, revision: int) -> _Names:
    try:
        workflow = cast("Workflow", get_entity(store, Kind.WORKFLOW, workflow_id, at=revision))
    except (EntityNotFound, BrokenDocument):
        return _Names(workflow_id, {})
    return _Names(workflow.name, {node.id: node.title for node in workflow.graph.nodes})


def show_gates(store: Store, gates: Sequence[StoredGate]) -> list[wire.Gate]:
    """Gates as they go over the wire."""
    with store.read() as connection:
        history = read_history(connection, [gate.step_id for gate in gates])
        failed = find_failed_runs(connection, [gate.run_id for gate in gates])
    return [_show(store, gate, history.get(gate.step_id, []), gate.run_id in failed) for gate in gates]


def show_gate(store: Store, gate: StoredGate) -> wire.Gate:
    """A gate as it goes over the wire."""
    return show_gates(store, [gate])[0]


def _show(store: Store, gate: StoredGate, history: Sequence[Asking], run_has_failed: bool) -> wire.Gate:
    names = _read_names(store, gate.workflow_id, gate.revision)
    kept = {name: getattr(gate, name) for name in Gate.model_fields}
    return wire.Gate.model_construct(
        **kept,
        workflow=names.workflow,
        label=names.nodes.get(gate.node_id, gate.node_id),
        history=list(history),
        run_has_failed=run_has_failed,
    )
