"""What people name on the command line: workflows, runs, inputs, themselves."""

import getpass
import sys
from pathlib import Path
from typing import cast

from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, read_json
from agentmesh_dagster.entities.models import Kind, Workflow
from agentmesh_dagster.errors import AgentMeshError, InvalidValue
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import find_entity
from agentmesh_dagster.store.gates import GateNotFound
from agentmesh_dagster.store.run_ids import find_gate_ids, find_run_ids
from agentmesh_dagster.store.runs import RunNotFound


class AmbiguousRun(AgentMeshError):
    """Several runs have an id that begins like this."""


class AmbiguousGate(AgentMeshError):
    """Several gates have a step id that begins like this."""


class UnreadableInput(InvalidValue):
    """The input cannot be read."""


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


def read_input(given: str, option: str = "--input") -> JsonValue:
    """The value of `option`: JSON, or `@FILE` with JSON in it, or `@-` for standard input. Raises UnreadableInput."""
    where = f"in {given[1:]}" if given.startswith("@") else f"in {option}"
    try:
        return read_json(_read_source(given))
    except OSError as error:
        raise UnreadableInput(f"{where}: {error.strerror}") from error
    except InvalidJson as error:
        fault = UnreadableInput(f"{where}, at {error.path}: {error.reason}")
        fault.add_note(f"""Type it as {option} '{{"name": "value"}}', or put it into a file and type {option} @FILE.""")
        raise fault from error


def _read_source(given: str) -> str | bytes:
    if not given.startswith("@"):
        return given
    return sys.stdin.buffer.read() if given == "@-" else Path(given[1:]).read_bytes()


def name_user() -> str:
    """Who sits at this terminal, for the history of what is saved and launched."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have a user without a name
        return "unknown"
