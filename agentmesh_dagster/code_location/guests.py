"""A host's repository with workflows in it: what is of ours there is built when it is asked for.

A worker of the host's executes one job. If that is one of ours it builds that alone: no other workflow, nothing of the
host's. Where one workflow makes all that the host's asset job is asked for, that is the workflow's own job.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any

import dagster as dg

from agentmesh_dagster.code_location.asset_job import AssetJobs, define_asset_job, own_asset_job
from agentmesh_dagster.code_location.dagster_internals import (
    CachingRepositoryData,
    MakeRepository,
    Parts,
    get_data,
    make_each_repository,
    set_data,
    wrap_resources_for_execution,
)
from agentmesh_dagster.code_location.names import list_host_keys, settle_names
from agentmesh_dagster.code_location.promised_jobs import PromisedJob
from agentmesh_dagster.code_location.sensors import find_scopes
from agentmesh_dagster.translator.asset_facts import ASSET_JOB

MakeData = Callable[[], CachingRepositoryData]


def be_guests() -> None:
    """From now on every repository that is made of a `Definitions` with workflows in it is such a one."""
    make_each_repository(_make)


def _make(make: MakeRepository, name: str, parts: Parts) -> dg.RepositoryDefinition:
    settled = settle_names(parts)
    scopes = [scope for sensor in settled.get("sensors") or () for scope in find_scopes(sensor) or ()]
    makers = [scope.assets for scope in scopes if scope.assets is not None]
    promised = [job for job in settled.get("jobs") or () if isinstance(job, PromisedJob)]
    if promised:
        return _make_for_worker(make, name, parts, makers, promised)
    repository = make(name, **settled)
    if makers and repository.has_job(ASSET_JOB):
        data = get_data(repository)
        guests = _Guests(makers, parts, lambda: data)
        own = {ASSET_JOB: cache(lambda: own_asset_job(data.get_job(ASSET_JOB), guests))}
        set_data(repository, _GuestRepository(lambda: data, own))
    return repository


def _make_for_worker(
    make: MakeRepository, name: str, parts: Parts, makers: Sequence[AssetJobs], promised: Sequence[PromisedJob]
) -> dg.RepositoryDefinition:
    @cache
    def make_all() -> CachingRepositoryData:
        assets = [*(parts.get("assets") or ()), *(made for maker in makers for made in maker.definitions)]
        return get_data(make(name, **settle_names({**parts, "assets": assets})))

    guests = _Guests(makers, parts, make_all)
    own = {job.name: cache(partial(guests.build, job)) for job in promised}
    own[ASSET_JOB] = cache(partial(define_asset_job, guests, ()))
    return dg.RepositoryDefinition(
        name, repository_data=_GuestRepository(make_all, own), metadata=parts.get("metadata")
    )


@dataclass
class _Guests:
    """The workflows of a host's repository that give assets."""

    makers: Sequence[AssetJobs]
    parts: Parts
    make_all: MakeData

    def get_whole(self) -> dg.JobDefinition:
        """The host's job of all assets: an op for each of ours."""
        return self.make_all().get_job(ASSET_JOB)

    @cached_property
    def _host_keys(self) -> Set[dg.AssetKey]:
        return list_host_keys(self.parts)

    def find_own_job(self, selected: Set[dg.AssetKey], checks: Set[dg.AssetCheckKey] | None) -> dg.JobDefinition | None:
        """The job of the one workflow that makes all of these; None: there are several, or some are the host's."""
        if self._host_keys & {*selected, *(check.asset_key for check in checks or ())}:
            return None
        found = (maker.find_own_job(selected, checks) for maker in self.makers)
        job = next((job for job in found if job is not None), None)
        return None if job is None else self._bind(job)

    def build(self, promised: PromisedJob) -> dg.JobDefinition:
        return self._bind(promised.build())

    def _bind(self, job: dg.JobDefinition) -> dg.JobDefinition:
        """The job with what the host gives to its jobs, as Dagster does it with those of which it knows."""
        resources: Mapping[str, Any] = wrap_resources_for_execution(self.parts.get("resources"))
        if job.is_missing_required_resources():
            job = job.with_top_level_resources({**resources, **job.resource_defs})
        loggers = self.parts.get("loggers")
        return job.with_logger_defs(loggers) if loggers and not job.has_specified_loggers else job


class _GuestRepository(CachingRepositoryData):
    """What Dagster makes of the parts, once something is asked for that is not in `own`."""

    def __init__(self, make_all: MakeData, own: Mapping[str, Callable[[], dg.JobDefinition]]) -> None:
        self._make_all, self._own = make_all, own  # and no more: `__getattr__` finds what Dagster has made

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_jobs" in vars(self):
            raise AttributeError(name)
        vars(self).update(vars(self._make_all()))
        return getattr(self, name)

    def get_job(self, job_name: str) -> dg.JobDefinition:
        return self._own[job_name]() if job_name in self._own else super().get_job(job_name)

    def has_job(self, job_name: str) -> bool:
        return job_name in self._own or super().has_job(job_name)
