"""How a run remembers the catalogue revision that it was launched at, and a repository the one it was loaded at."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import dagster as dg

from agentmesh_dagster.control.dagster_internals import (
    CodeLocationReconstructionMetadataValue,
    RepositoryLoadData,
)
from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.translator.first_rounds import FIRST_ROUNDS_KEY

REVISION_KEY = "agentmesh/revision"
_MARK_KEY = "agentmesh/workflows"


def read_revision(instance: dg.DagsterInstance, run: dg.DagsterRun) -> int | None:
    """The catalogue revision that a Dagster run was launched at; None if it was not one of ours."""
    if run.execution_plan_snapshot_id is None:
        return None
    load_data = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id).repository_load_data
    pinned = load_data.reconstruction_metadata.get(REVISION_KEY) if load_data else None
    return int(pinned.data) if pinned else None


def build_load_data(revision: int, *, first_rounds: int | None = None) -> RepositoryLoadData:
    """What Dagster writes into a run's execution plan and hands to the worker that rebuilds the job.

    `first_rounds`: how many rounds of each loop it builds at first; None: all.
    """
    # One integer, never the graphs: it is stored with every run.
    metadata = {REVISION_KEY: str(revision)} | ({FIRST_ROUNDS_KEY: str(first_rounds)} if first_rounds else {})
    return RepositoryLoadData(
        reconstruction_metadata={key: CodeLocationReconstructionMetadataValue(value) for key, value in metadata.items()}
    )


@dataclass(frozen=True)
class Mark:
    """What our repository, or the workflows in a host's, say of themselves."""

    revision: int  # of the catalogue, when it was loaded
    follows: bool = False  # its code server can move on to a newer revision without starting anew
    projects: frozenset[str] | None = None  # ids of those whose workflows it has; None: all
    job_prefix: str = ""  # before the names of their jobs


def mark_location(mark: Mark) -> dict[str, dg.MetadataValue[Any]]:
    """The metadata of a repository: whoever has it loaded sees what it has of ours."""
    written: dict[str, JsonValue] = {
        "revision": mark.revision,
        "follows": mark.follows,
        "projects": None if mark.projects is None else [*sorted(mark.projects)],
        "jobPrefix": mark.job_prefix,
    }
    name = hashlib.sha256(write_json([mark.job_prefix, written["projects"]]).encode()).hexdigest()[:8]
    return {f"{_MARK_KEY}/{name}": dg.MetadataValue.json(written)}


def read_marks(metadata: Mapping[str, dg.MetadataValue[Any]]) -> list[Mark]:
    """What a repository has of ours: nothing, or one for each `build_definitions` in it."""
    found = [
        cast("dict[str, Any]", value.value)
        for key, value in metadata.items()
        if key.startswith(_MARK_KEY) and isinstance(value, dg.JsonMetadataValue)
    ]
    return [
        Mark(
            mark["revision"],
            mark["follows"],
            None if mark["projects"] is None else frozenset(mark["projects"]),
            mark["jobPrefix"],
        )
        for mark in found
    ]
