"""Pinned names: what a gate's workflow and node were called when its run was launched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import cast

from agentmesh_dagster import wire
from agentmesh_dagster.entities.models import Kind, Workflow
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import BrokenDocument, EntityNotFound, get_entity
from agentmesh_dagster.store.gate_history import PastAsking, read_history
from agentmesh_dagster.store.gates import Gate
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


def write_gates(store: Store, gates: Sequence[Gate]) -> list[wire.Gate]:
    """Gates as they go over the wire."""
    with store.read() as connection:
        history = read_history(connection, [gate.step_id for gate in gates])
        failed = find_failed_runs(connection, [gate.run_id for gate in gates])
    return [_write_gate(store, gate, history.get(gate.step_id, []), gate.run_id in failed) for gate in gates]


def write_gate(store: Store, gate: Gate) -> wire.Gate:
    """A gate as it goes over the wire."""
    return write_gates(store, [gate])[0]


def _write_gate(store: Store, gate: Gate, history: Sequence[PastAsking], run_has_failed: bool) -> wire.Gate:
    names = _read_names(store, gate.workflow_id, gate.revision)
    return wire.Gate(
        step_id=gate.step_id,
        run_id=gate.run_id,
        project_id=gate.project_id,
        workflow_id=gate.workflow_id,
        workflow=names.workflow,
        node_id=gate.node_id,
        label=names.nodes.get(gate.node_id, gate.node_id),
        instructions=gate.instructions,
        payload=gate.payload,
        schema=gate.schema,
        assignees=gate.assignees,
        opened_at=gate.opened_at,
        deadline=gate.deadline_at,
        state=gate.state.value,
        answer=gate.answer,
        answered_by=gate.answered_by,
        answered_at=gate.answered_at,
        answered_via=gate.answered_via,
        history=[_write_past(asked) for asked in history],
        run_has_failed=run_has_failed,
        taken_over_from=gate.taken_from_run_id,
    )


def _write_past(asked: PastAsking) -> wire.PastAsking:
    values = {field.name: getattr(asked, field.name) for field in fields(asked)}
    return wire.PastAsking.model_validate(values | {"deadline": values.pop("deadline_at")})
