"""Pinning: the catalogue revision at which a code location was loaded, or at which a run was launched."""

from dataclasses import dataclass

from agentmesh_dagster.code_location.dagster_internals import DefinitionsLoadContext, DefinitionsLoadType
from agentmesh_dagster.control.pinning import REVISION_KEY
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import current_revision
from agentmesh_dagster.translator.first_rounds import FIRST_ROUNDS_KEY


@dataclass(frozen=True)
class Pin:
    revision: int  # of the catalogue
    is_new: bool  # a code server loads it; False: a worker rebuilds what its run was launched with
    first_rounds_will_do: bool = False  # a worker may build of each loop the first rounds, until it comes to others


def pin_revision(store: Store) -> Pin:
    """The revision to load: in a code server the newest, which is then noted for its runs; in a worker its run's.

    Rebuilt in every run worker, so it must not ask for the newest there: see ARCHITECTURE, "Pinning".
    """
    context = DefinitionsLoadContext.get()
    if context.load_type is DefinitionsLoadType.RECONSTRUCTION:
        metadata = context.reconstruction_metadata
        pinned = metadata.get(REVISION_KEY)
        if pinned is not None:
            return Pin(int(pinned), is_new=False, first_rounds_will_do=FIRST_ROUNDS_KEY in metadata)
    revision = current_revision(store)
    context.add_to_pending_reconstruction_metadata(REVISION_KEY, str(revision))
    return Pin(revision, is_new=True)
