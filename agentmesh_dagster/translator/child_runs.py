"""Child runs: what is done for the runs that steps wait for, by the floor above, which knows how a run is launched."""

from collections.abc import Callable
from dataclasses import dataclass

import dagster as dg

from agentmesh_dagster.runtime.services import Services

Do = Callable[[Services, dg.DagsterInstance, str], None]


def _leave_it(_services: Services, _instance: dg.DagsterInstance, _identity: str) -> None:
    """To the sensor, or to whoever executes the launch."""


@dataclass(frozen=True)
class ChildRuns:
    start: Do = _leave_it  # the run that a step, given by its id, waits for
    follow: Do = _leave_it  # a launch of a run, given by its id, has done its work: what that means for others


NOBODY = ChildRuns()
