"""What the API's routes are given: the store, Dagster's instance, and the workspace beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

import dagster as dg
from fastapi import Depends, FastAPI, Request

from agentmesh_dagster.control.location import CodeLocation
from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.errors import Conflict
from agentmesh_dagster.runtime.services import Services


class NoJobHere(Conflict):
    """The workflow has no job in the code locations here, so it cannot be launched."""


@dataclass(frozen=True)
class LoadedAsset:
    """An asset that a code location defines."""

    key: str  # its parts with `/` between them
    location: str  # the name of the code location
    group: str | None
    metadata: Mapping[str, object]


class Workspace(Protocol):
    """The code locations that the web server has loaded."""

    def find_code_location(self, workflow: Workflow) -> CodeLocation:
        """The location whose repository holds the workflow's job. Raises NoJobHere."""
        ...

    def list_assets(self) -> Sequence[LoadedAsset]:
        """The assets that the code locations define, by key."""
        ...

    def submit(self, launch_id: str) -> None:
        """Hands a Dagster run that is written down to the run coordinator."""
        ...

    def reload_soon(self) -> None:
        """Asks for a reload of the location; returns at once, and a burst of calls is one reload."""
        ...


@dataclass(frozen=True)
class ApiContext:
    services: Services
    instance: dg.DagsterInstance
    workspace: Workspace


def get_context(request: Request) -> ApiContext:
    app: FastAPI = request.app
    context: object = app.state.context
    assert isinstance(context, ApiContext)
    return context


Context = Annotated[ApiContext, Depends(get_context)]
