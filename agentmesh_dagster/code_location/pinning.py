"""Pinning: the catalogue revision at which a code location was loaded, or at which a run was launched."""

from dataclasses import dataclass

from agentmesh_dagster.code_location.dagster_internals import DefinitionsLoadContext, DefinitionsLoadType
from agentmesh_dagster.control.pinning import REVISION_KEY
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import current_revision
from agentmesh_dagster.translator.first_rounds import read_first_rounds


@dataclass(frozen=True)
class Pin:
    revision: int  # of the catalogue
    is_new: bool  # a code server loads it; False: a worker rebuilds what its run was launched with
    first_rounds: int | None = None  # so many of each loop a worker builds, until it comes to others; None: all


def pin_revision(store: Store) -> Pin:
    """The revision to load: in a code server the newest, which is then noted for its runs; in a worker its run's.

    Rebuilt in every run worker, so it must not ask for the newest there: see ARCHITECTURE, "Pinning".
    """
    context = DefinitionsLoadContext.get()
    if context.load_type is DefinitionsLoadType.RECONSTRUCTION:
        metadata = context.reconstruction_metadata
        pinned = metadata.get(REVISION_KEY)
        if pinned is not None:
            return Pin(int(pinned), is_new=False, first_rounds=read_first_rounds(metadata))
    revision = current_revision(store)
    context.add_to_pending_reconstruction_metadata(REVISION_KEY, str(revision))
    return Pin(revision, is_new=True)
