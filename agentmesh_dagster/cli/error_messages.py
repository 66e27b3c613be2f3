"""What went wrong, and what to type next."""

from collections.abc import Mapping

from agentmesh_dagster.cli.backend import AmbiguousGate, AmbiguousRun
from agentmesh_dagster.cli.output.console import open_console, say
from agentmesh_dagster.control.instance import InstanceUnavailable
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.runtime.answers import UnfitAnswer
from agentmesh_dagster.runtime.plans import WorkflowHasFaults
from agentmesh_dagster.settings import InvalidSettings
from agentmesh_dagster.store import StoreDamaged, StoreFull, StoreReadOnly, StoreUnavailable
from agentmesh_dagster.store.address import InvalidStoreUrl
from agentmesh_dagster.store.catalogue import AmbiguousName, BrokenDocument, EntityNotFound, MissingProject
from agentmesh_dagster.store.gates import GateNotFound
from agentmesh_dagster.store.runs import RunNotFound

_NEXT: Mapping[type[AgentMeshError], str] = {
    EntityNotFound: "Type `agentmesh list` to see what there is.",
    AmbiguousName: "Type one of these ids instead of the name.",
    RunNotFound: "Type `agentmesh runs` to see the runs.",
    AmbiguousGate: "Type more of its step id; `agentmesh gates` shows it.",
    GateNotFound: "Type `agentmesh gates` to see what waits.",
    UnfitAnswer: "The gate is still open: type the answer again with --output.",
    AmbiguousRun: "Type more of its id; `agentmesh runs` shows it.",
    BrokenDocument: "Type `agentmesh apply FILE` with a sound document to save it anew.",
    WorkflowHasFaults: "Mend its document, then type `agentmesh apply FILE`.",
    MissingProject: "Add it under `project` in the document.",
    StoreFull: "Make room on its disk, then type it again.",
    StoreReadOnly: "Look at the rights of its file, at how its disk is mounted, or at the server's read-only mode.",
    StoreDamaged: "See docs/deployment.md for backup and restore.",
    StoreUnavailable: "Look at AGENTMESH_DATABASE_URL, or AGENTMESH_HOME for SQLite.",
    InvalidStoreUrl: "Set AGENTMESH_DATABASE_URL to such an address, or unset it for SQLite.",
    InvalidSettings: "Set it right, or take it out.",
    InstanceUnavailable: "Look at DAGSTER_HOME, or at the dagster.yaml in that folder.",
}


def print_error(error: Exception) -> None:
    """Says on standard error what went wrong and, where it is known, what to type next."""
    console = open_console(as_json=True)
    if isinstance(error, AgentMeshError):
        say(console, f"Error: {error}", "red")
    elif isinstance(error, OSError) and error.filename is not None:
        say(console, f"Error: {error.filename}: {error.strerror}", "red")
    else:
        say(console, f"Unexpected error: {type(error).__name__}: {error}", "red")
        say(console, "Type it again with AGENTMESH_DEBUG=1 to see where it happened.")
    for advice in (*getattr(error, "__notes__", ()), *_find_advice(error)):
        say(console, advice)


def _find_advice(error: Exception) -> list[str]:
    return [advice for kind, advice in _NEXT.items() if isinstance(error, kind)][:1]  # the first that fits
