"""How a run remembers the catalogue revision that it was launched at, and a repository the one it was loaded at."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from agentmesh_dagster.control.dagster_internals import (
    CodeLocationReconstructionMetadataValue,
    RepositoryLoadData,
)

REVISION_KEY = "agentmesh/revision"
_LOADED_KEY = "agentmesh/loaded_revision"
_FOLLOWS_KEY = "agentmesh/follows_the_catalogue"


def read_revision(instance: dg.DagsterInstance, run: dg.DagsterRun) -> int | None:
    """The catalogue revision that a Dagster run was launched at; None if it was not one of ours."""
    if run.execution_plan_snapshot_id is None:
        return None
    load_data = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id).repository_load_data
    pinned = load_data.reconstruction_metadata.get(REVISION_KEY) if load_data else None
    return int(pinned.data) if pinned else None


def build_load_data(revision: int) -> RepositoryLoadData:
    """What Dagster writes into a run's execution plan and hands to the worker that rebuilds the job."""
    # One integer, never the graphs: it is stored with every run.
    return RepositoryLoadData(
        reconstruction_metadata={REVISION_KEY: CodeLocationReconstructionMetadataValue(str(revision))}
    )


def mark_revision(revision: int, *, follows: bool = False) -> dict[str, dg.MetadataValue[Any]]:
    """The metadata of our repository: whoever has it loaded sees that it is ours, and at which revision.

    `follows`: its code server can move on to a newer revision without starting anew.
    """
    return {_LOADED_KEY: dg.MetadataValue.int(revision), _FOLLOWS_KEY: dg.MetadataValue.bool(follows)}


def read_loaded_revision(metadata: Mapping[str, dg.MetadataValue[Any]]) -> int | None:
    """The catalogue revision at which a repository was loaded; None: it is not ours."""
    mark = metadata.get(_LOADED_KEY)
    return mark.value if isinstance(mark, dg.IntMetadataValue) else None


def can_follow(metadata: Mapping[str, dg.MetadataValue[Any]]) -> bool:
    """Whether the code server of a repository moves on to a newer revision when it is asked."""
    mark = metadata.get(_FOLLOWS_KEY)
    return isinstance(mark, dg.BoolMetadataValue) and mark.value is True
