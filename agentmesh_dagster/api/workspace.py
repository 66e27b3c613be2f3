"""The code locations that this web process has loaded, and how ours keeps up with the catalogue."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from agentmesh_dagster.api.dagster_internals import (
    DefsStateInfo,
    GrpcServerCodeLocation,
    WorkspaceProcessContext,
    serialize_value,
)
from agentmesh_dagster.api.reloading import Location, Reloads
from agentmesh_dagster.control.location import CodeLocation
from agentmesh_dagster.control.pinning import can_follow, read_loaded_revision
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import current_revision


class LoadedWorkspace:
    """The workspace of this web process, as Dagster keeps it; see `api.context.Workspace`."""

    def __init__(self, process_context: WorkspaceProcessContext, store: Store) -> None:
        self._process_context = process_context
        self._store = store
        self._known_as = CodeLocation().name  # our location's name, also while it cannot be loaded
        self._reloads = Reloads(Location(self._read_newest, self._read_loaded, self._reload))

    @contextmanager
    def following(self) -> Generator[None]:
        """Reloads our location after each save for as long as this lasts."""
        self._reloads.start()
        try:
            yield
        finally:
            self._reloads.stop()

    def find_code_location(self) -> CodeLocation:
        """The location whose repository holds our jobs; the default one when none was loaded."""
        return CodeLocation(name=self._find_name())

    def submit(self, launch_id: str) -> None:
        """Hands a Dagster run to the run coordinator, whichever it is. Raises what that one raises."""
        with self._process_context.create_request_context() as request_context:
            self._process_context.instance.submit_run(launch_id, request_context)

    def reload_soon(self) -> None:
        """Asks for a reload of our location; returns at once, and a burst of calls is one reload."""
        self._reloads.soon()

    def _read_newest(self) -> int:
        return current_revision(self._store)

    def _read_loaded(self) -> int | None:
        found = self._find()
        return found.revision if found else None

    def _reload(self) -> None:
        found = self._find()
        if found is not None and found.follower is not None and _follow(found.follower, self._read_newest()):
            self._process_context.refresh_code_location(found.name)
            return
        name = self._find_name()
        if name in self._process_context.code_location_names:
            self._process_context.reload_code_location(name)

    def _find_name(self) -> str:
        if found := self._find():
            self._known_as = found.name
        return self._known_as

    def _find(self) -> "_Found | None":
        entries = self._process_context.get_current_workspace().code_location_entries
        for name, entry in entries.items():
            for repository in entry.code_location.get_repositories().values() if entry.code_location else ():
                metadata = repository.repository_snap.metadata or {}
                revision = read_loaded_revision(metadata)
                if revision is not None:
                    location = entry.code_location
                    is_server = isinstance(location, GrpcServerCodeLocation)
                    return _Found(name, revision, location if is_server and can_follow(metadata) else None)
        return None


@dataclass(frozen=True)
class _Found:
    """Our location among those that are loaded."""

    name: str
    revision: int  # of the catalogue, when it was loaded
    follower: GrpcServerCodeLocation | None  # None: it must start anew to show what has changed


def _follow(location: GrpcServerCodeLocation, newest: int) -> bool:
    """Asks the code server to move on to the newest revision; False: it cannot, so it has to start anew."""
    # Dagster's own way for definitions that are made from a state; ours is the catalogue, its revision the version.
    state = DefsStateInfo.add_version(None, "agentmesh", str(newest))
    try:
        reply = location.client.reload_code_with_state(serialize_value(state))
    except dg.DagsterError:
        return False
    return not reply.serialized_error
