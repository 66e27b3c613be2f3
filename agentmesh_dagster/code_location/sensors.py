"""The sensor that looks after runs: what nobody else has noticed, it settles."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from agentmesh_dagster.code_location.asset_job import AssetJobs
from agentmesh_dagster.code_location.problems import say_again
from agentmesh_dagster.control.maintenance import MaintenanceReport, run_maintenance
from agentmesh_dagster.control.pruning import prune
from agentmesh_dagster.runtime.services import Services

SCOPE_TAG = "agentmesh/looks_after"  # on the sensor: which store and projects, as a digest
_NAME = "agentmesh_runs"
_EVERY_SECONDS = 20
_PRUNING_SECONDS = 10.0  # of a tick, to which Dagster gives 60; the next one goes on


@dataclass(frozen=True)
class Scope:
    """The runs that a sensor looks after."""

    services: Services
    projects: frozenset[str] | None  # ids; None: all
    job_prefix: str
    assets: AssetJobs | None = None  # what makes assets there, in a host's location

    @property
    def digest(self) -> str:
        named = [self.services.settings.store_url, self.job_prefix, *sorted(self.projects or ("",))]
        return hashlib.sha256("\x1f".join(named).encode()).hexdigest()[:12]


_scopes: dict[str, list[Scope]] = {}  # by digest, of the newest load in this process


def build_runs_sensor(scopes: list[Scope], name: str | None = None) -> dg.SensorDefinition:
    """The sensor for the runs in these scopes, of which there is at least one; on unless somebody switches it off."""
    _scopes[scopes[0].digest] = scopes

    def look_after_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        say_again()
        said = [
            _describe(run_maintenance(scope.services, context.instance, projects=scope.projects)) for scope in scopes
        ]
        # Last: what waits for somebody is more urgent than what is old.
        said += [pruned for scope in scopes if (pruned := _prune(scope, context.instance))]
        return dg.SkipReason(" ".join(said))

    return dg.SensorDefinition(
        name=name or scopes[0].job_prefix + _NAME,
        evaluation_fn=look_after_runs,
        minimum_interval_seconds=_EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Goes on with runs whose gate was answered; settles those whose worker died or was canceled.",
        tags={SCOPE_TAG: scopes[0].digest},
    )


def find_scopes(sensor: object) -> list[Scope] | None:
    """What a sensor looks after, also when Dagster has copied it; None: it is not ours."""
    return _scopes.get(sensor.tags.get(SCOPE_TAG, "")) if isinstance(sensor, dg.SensorDefinition) else None


def _prune(scope: Scope, instance: dg.DagsterInstance) -> str | None:
    """Deletes what is too old by the settings; what it did, if anything."""
    age = scope.services.settings.retention
    if age is None:
        return None
    pruned = prune(
        scope.services,
        instance,
        age,
        by="retention",
        via="daemon",
        projects=scope.projects,
        seconds=_PRUNING_SECONDS,
    )
    if not pruned.runs and not pruned.posted_events:
        return None
    return f"Deleted {pruned.runs} old runs, {pruned.posted_events} posted events."


def _describe(done: MaintenanceReport) -> str:
    return (
        f"{done.waiting} wait for a person. Resumed {_name(done.resumed)}, settled {_name(done.settled)}, "
        f"expired {_name(done.expired)}, adopted {done.adopted}, "
        f"gave a place to {_name(done.placed)}. Faults: {_name(done.faults)}."
    )


def _name(identities: Sequence[str]) -> str:
    shown = ", ".join(identities[:5]) + (", …" if len(identities) > 5 else "")
    return f"{len(identities)} ({shown})" if identities else "none"
