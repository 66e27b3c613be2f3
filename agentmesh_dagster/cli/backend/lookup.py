"""What people name on the command line, in the store here: workflows, runs, gates."""

from typing import cast

from agentmesh_dagster.cli.backend import AmbiguousGate, AmbiguousRun
from agentmesh_dagster.entities.models import Kind, Workflow
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import find_entity
from agentmesh_dagster.store.gates import GateNotFound
from agentmesh_dagster.store.run_ids import find_gate_ids, find_run_ids
from agentmesh_dagster.store.runs import RunNotFound


def find_workflow(store: Store, id_or_name: str) -> Workflow:
    """Raises EntityNotFound, AmbiguousName, BrokenDocument."""
    return cast("Workflow", find_entity(store, Kind.WORKFLOW, id_or_name))


def find_run(store: Store, id_prefix: str) -> str:
    """The id of the one run whose id begins so. Raises RunNotFound, AmbiguousRun."""
    with store.read() as connection:
        found = find_run_ids(connection, id_prefix) if id_prefix else []
    if not found:
        raise RunNotFound(f"`{id_prefix}`")
    if len(found) > 1:
        raise AmbiguousRun(f"`{id_prefix}` may be {', '.join(f'`{run_id}`' for run_id in found)}")
    return found[0]


def find_gate(store: Store, id_prefix: str) -> str:
    """The step id of the one gate, open or not, whose step id begins so. Raises GateNotFound, AmbiguousGate."""
    with store.read() as connection:
        found = find_gate_ids(connection, id_prefix) if id_prefix else []
    if not found:
        raise GateNotFound(f"`{id_prefix}`")
    if len(found) > 1:
        raise AmbiguousGate(f"`{id_prefix}` may be {', '.join(f'`{step_id}`' for step_id in found)}")
    return found[0]
