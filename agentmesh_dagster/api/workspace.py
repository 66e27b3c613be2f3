"""The code locations that this web process has loaded, and how ours keeps up with the catalogue."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import dagster as dg

from agentmesh_dagster.api.context import LoadedAsset, NoJobHere
from agentmesh_dagster.api.dagster_internals import (
    SYSTEM_METADATA_KEY_AUTO_CREATED_STUB_ASSET,
    DefsStateInfo,
    GrpcServerCodeLocation,
    RemoteRepository,
    WorkspaceProcessContext,
    serialize_value,
)
from agentmesh_dagster.api.reloading import Location, Reloads
from agentmesh_dagster.control.location import CodeLocation
from agentmesh_dagster.control.pinning import Mark, read_marks
from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import current_revision, get_job_name, list_job_problems
from agentmesh_dagster.translator.presentation import WORKFLOW_TAG


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

    def find_code_location(self, workflow: Workflow) -> CodeLocation:
        """The location whose repository holds the workflow's job; ours when none was loaded. Raises NoJobHere.

        One that was given some projects goes before one that has all.
        """
        everything = [(found, mark) for found in self._list_found() for mark in found.marks]
        if not everything:
            return CodeLocation(name=self._known_as)
        fitting = [one for one in everything if one[1].projects is None or workflow.project_id in one[1].projects]
        if not fitting:
            names = ", ".join(f"`{found.name}`" for found, _ in everything)
            raise NoJobHere(f"project `{workflow.project_id}` is none of those that {names} was given")
        place, mark = min(fitting, key=lambda one: one[1].projects is None)
        if mark.follows:
            return CodeLocation(name=place.name)
        self._check_is_ours(place, mark, workflow)
        return CodeLocation(
            name=place.name,
            job_prefix=mark.job_prefix,
            remote_origin=place.repository.get_remote_origin(),
            code_origin=place.repository.get_python_origin(),
        )

    def _check_is_ours(self, place: "_Found", mark: Mark, workflow: Workflow) -> None:
        """A job of the workflow's name may be the host's own."""
        job_name = mark.job_prefix + get_job_name(self._store, workflow)
        if place.repository.has_job(job_name):  # else it was saved a moment ago
            tags = place.repository.get_full_job(job_name).tags
            if tags.get(WORKFLOW_TAG) != workflow.id:
                reason = list_job_problems(self._store).get(workflow.id) or f"`{job_name}` is another job there"
                raise NoJobHere(f"`{place.name}`: {reason}")

    def list_assets(self) -> Sequence[LoadedAsset]:
        """The assets that the code locations define, by key; not those that are only named as somebody's input."""
        found = [
            LoadedAsset(
                "/".join(node.asset_key.path),
                name,
                node.group_name,
                {key: value.value for key, value in node.metadata.items()},
            )
            for name, entry in self._process_context.get_current_workspace().code_location_entries.items()
            for repository in (entry.code_location.get_repositories().values() if entry.code_location else ())
            for node in repository.repository_snap.asset_nodes
            if SYSTEM_METADATA_KEY_AUTO_CREATED_STUB_ASSET not in node.metadata
        ]
        return sorted(found, key=lambda asset: asset.key)

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
        return min((found.revision for found in self._list_found()), default=None)

    def _reload(self) -> None:
        newest, found = self._read_newest(), self._list_found()
        for one in found:
            if one.revision >= newest:
                continue
            if one.follower is not None and _follow(one.follower, newest):
                self._process_context.refresh_code_location(one.name)
            else:
                self._process_context.reload_code_location(one.name)
        if not found and self._known_as in self._process_context.code_location_names:
            self._process_context.reload_code_location(self._known_as)

    def _list_found(self) -> "list[_Found]":
        found: list[_Found] = []
        for name, entry in self._process_context.get_current_workspace().code_location_entries.items():
            location = entry.code_location
            for repository in location.get_repositories().values() if location else ():
                if marks := read_marks(repository.repository_snap.metadata or {}):
                    follows = isinstance(location, GrpcServerCodeLocation) and any(mark.follows for mark in marks)
                    follower = cast("GrpcServerCodeLocation", location) if follows else None
                    found.append(_Found(name, repository, marks, follower))
        if found:
            self._known_as = found[0].name
        return found


@dataclass(frozen=True)
class _Found:
    """A location with workflows among those that are loaded."""

    name: str
    repository: RemoteRepository
    marks: Sequence[Mark]  # one at the least
    follower: GrpcServerCodeLocation | None  # None: it must start anew to show what has changed

    @property
    def revision(self) -> int:
        """Of the catalogue, when it was loaded."""
        return min(mark.revision for mark in self.marks)


def _follow(location: GrpcServerCodeLocation, newest: int) -> bool:
    """Asks the code server to move on to the newest revision; False: it cannot, so it has to start anew."""
    # Dagster's own way for definitions that are made from a state; ours is the catalogue, its revision the version.
    state = DefsStateInfo.add_version(None, "agentmesh", str(newest))
    try:
        reply = location.client.reload_code_with_state(serialize_value(state))
    except dg.DagsterError:
        return False
    return not reply.serialized_error
