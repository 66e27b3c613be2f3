"""Pruning: old runs go, with all that the store and Dagster have of them; group by group, so that it may be killed.

Of each group Dagster's side goes first and ours last, in one transaction that has the runs locked all the time. So
whatever is left by a kill is still found by the store, and is deleted the next time; nobody goes on with a run of
which a part is gone; and no launch of a run that there is goes missing, which would cancel it.
"""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg

from agentmesh_dagster.control.dagster_internals import (
    FINISHED_STATUSES,
    ROOT_RUN_ID_TAG,
    LocalComputeLogManager,
    SqliteEventLogStorage,
)
from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.runtime.files import delete_contents
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.files import list_addresses
from agentmesh_dagster.store.pruning import (
    OldRun,
    count_old_arrivals,
    delete_old_arrivals,
    delete_runs,
    find_cutoff,
    find_launched,
    list_old_runs,
    lock_old_runs,
    measure_runs,
)
from agentmesh_dagster.translator.dagster_runs import read_instance_id

_PAGE = 100  # runs
_LONGEST_PAUSE = 0.1  # in seconds; SQLite has one writer, and others want to write too


@dataclass
class Pruned:
    """What was deleted, or what would be."""

    runs: int = 0
    launches: int = 0  # Dagster runs
    posted_events: int = 0
    deliveries: int = 0
    bytes: int = 0  # at the least: the values in the store, and Dagster's files on this machine
    kept_with_group: int = 0  # runs of groups in which one has to stay
    is_done: bool = True  # False: there was no time for all


def report_to_nobody(_: Pruned) -> None:
    """Nobody wants to know how far it has come."""


@dataclass(frozen=True)
class _Group:
    """The runs that must go together: a run and its re-executions, in the store and in Dagster."""

    run_ids: frozenset[str]
    launch_ids: tuple[str, ...]  # of Dagster's runs, the root last
    is_over: bool  # in Dagster


@dataclass(frozen=True)
class _Deed:
    by: str
    via: str
    dry_run: bool


def prune(
    services: Services,
    instance: dg.DagsterInstance,
    age: timedelta,
    *,
    by: str,
    via: str,
    projects: frozenset[str] | None = None,
    dry_run: bool = False,
    seconds: float | None = None,
    report: Callable[[Pruned], None] = report_to_nobody,
) -> Pruned:
    """Deletes the runs of these projects (ids; None: all) that ended longer than `age` ago, and what came for triggers.

    It stops after `seconds`, at the end of a group. `report` is called now and then with how far it has come.
    """
    ends = None if seconds is None else time.monotonic() + seconds
    pruned = Pruned()
    with services.store.read() as connection:
        before = find_cutoff(connection, age)
    for group in _list_groups(services, instance, before, projects):
        if _is_late(ends, pruned):
            return pruned
        started = time.monotonic()
        _prune_group(services, instance, group, before, pruned, _Deed(by, via, dry_run))
        report(pruned)
        if not dry_run:
            crash_point(CrashPoint.PRUNED)
            time.sleep(min(time.monotonic() - started, _LONGEST_PAUSE))
    if dry_run:
        with services.store.read() as connection:
            pruned.posted_events, pruned.deliveries = count_old_arrivals(connection, before)
        return pruned
    while not _is_late(ends, pruned):
        with services.store.begin() as tx:
            posted, delivered = delete_old_arrivals(tx, before)
        pruned.posted_events += posted
        pruned.deliveries += delivered
        if not posted and not delivered:
            break
    return pruned


def _is_late(ends: float | None, pruned: Pruned) -> bool:
    pruned.is_done = ends is None or time.monotonic() < ends
    return not pruned.is_done


def _list_groups(
    services: Services, instance: dg.DagsterInstance, before: datetime, projects: frozenset[str] | None
) -> Iterator[_Group]:
    """The groups of all old runs, each once, those of the oldest runs first."""
    instance_id = read_instance_id(instance)
    seen: set[str] = set()
    last: OldRun | None = None
    while True:
        with services.store.read() as connection:
            page = list_old_runs(connection, before, instance_id, projects=projects, limit=_PAGE, after=last)
        if not page:
            return
        last = page[-1]
        for run in page:
            if run.id not in seen:
                group = _find_group(services, instance, run)
                seen |= group.run_ids
                yield group


def _prune_group(
    services: Services, instance: dg.DagsterInstance, group: _Group, before: datetime, pruned: Pruned, deed: _Deed
) -> None:
    run_ids = sorted(group.run_ids)
    with services.store.begin() as tx:
        if not (group.is_over and lock_old_runs(tx, run_ids, before, read_instance_id(instance))):
            pruned.kept_with_group += len(run_ids)
            return
        size = measure_runs(tx, run_ids) + _measure_files(instance, group.launch_ids)
        if not deed.dry_run:
            for launch_id in group.launch_ids:
                _delete_launch(instance, launch_id)
            crash_point(CrashPoint.PRUNED_IN_DAGSTER)
            delete_contents(list_addresses(tx, run_ids))
            delete_runs(tx, run_ids, by=deed.by, via=deed.via)
    pruned.bytes += size
    pruned.runs += len(run_ids)
    pruned.launches += len(group.launch_ids)


def _find_group(services: Services, instance: dg.DagsterInstance, run: OldRun) -> _Group:
    roots = {launch_id: _find_root(instance, launch_id) for launch_id in run.launch_ids}
    launch_ids = set(roots) | set(roots.values())
    over = True
    for root in set(roots.values()):
        for member in instance.get_runs(dg.RunsFilter(tags={ROOT_RUN_ID_TAG: root})):
            launch_ids.add(member.run_id)
            over = over and _is_over(member)
        found = instance.get_run_by_id(root)
        over = over and (found is None or _is_over(found))
    with services.store.read() as connection:
        launched = find_launched(connection, sorted(launch_ids))
    ordered = sorted(launch_ids, key=lambda identity: (identity in roots.values(), identity))
    return _Group(frozenset({run.id, *launched.values()}), tuple(ordered), over)


def _find_root(instance: dg.DagsterInstance, launch_id: str) -> str:
    found = instance.get_run_by_id(launch_id)
    return (found.root_run_id if found else None) or launch_id


def _is_over(dagster_run: dg.DagsterRun) -> bool:
    return dagster_run.status in FINISHED_STATUSES


def _delete_launch(instance: dg.DagsterInstance, launch_id: str) -> None:
    """Deletes a Dagster run with its logs and events; harmless where some of it, or all, is gone."""
    # Its row last: by that the others of its group are found.
    instance.compute_log_manager.delete_logs(prefix=[launch_id])
    crash_point(CrashPoint.PRUNE_BEGUN)
    storage = instance.event_log_storage
    if isinstance(storage, SqliteEventLogStorage):
        with storage.index_connection() as connection:
            storage.delete_events_for_run(connection, launch_id)
        for path in _list_event_files(storage, launch_id):
            path.unlink(missing_ok=True)
    else:
        storage.delete_events(launch_id)
    instance.run_storage.delete_run(launch_id)


def _list_event_files(storage: SqliteEventLogStorage, launch_id: str) -> list[Path]:
    path = storage.path_for_shard(launch_id)
    return [Path(path + ending) for ending in ("", "-wal", "-shm")]


def _measure_files(instance: dg.DagsterInstance, launch_ids: Collection[str]) -> int:
    """How long the files are that Dagster keeps of these runs, as far as they are on this machine."""
    files: list[Path] = []
    for launch_id in launch_ids:
        if isinstance(instance.event_log_storage, SqliteEventLogStorage):
            files += _list_event_files(instance.event_log_storage, launch_id)
        if isinstance(instance.compute_log_manager, LocalComputeLogManager):
            folder = Path(instance.compute_log_manager.get_captured_local_path([launch_id, "any"], "out")).parent
            files += folder.rglob("*")
    return sum(path.stat().st_size for path in files if path.is_file())
