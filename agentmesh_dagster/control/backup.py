"""A backup of an installation on SQLite while it works: store and Dagster as they stood at one moment."""

import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg

from agentmesh_dagster.control.dagster_internals import FINISHED_STATUSES, SqliteEventLogStorage
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.runtime.services import Services

_STORE = "agentmesh.db"
_DAGSTER = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
_BESIDE = ("dagster.yaml", "admin-token")


class NotOnSqlite(AgentMeshError):
    """This backs up SQLite: of PostgreSQL make dumps, as docs/operations.md says."""


class BackupExists(AgentMeshError):
    """The folder for the backup holds something: name an empty one, or a new one."""


def back_up(services: Services, instance: dg.DagsterInstance, folder: Path) -> int:
    """Writes a home folder that can be used as it is; gives its size in bytes.

    Nobody writes to the store meanwhile, so nobody begins or ends a step: what Dagster says is of the same moment.
    Raises NotOnSqlite, BackupExists, OSError.
    """
    url = services.store.url
    events = instance.event_log_storage
    if url.drivername != "sqlite" or not isinstance(events, SqliteEventLogStorage):
        raise NotOnSqlite
    if folder.exists() and any(folder.iterdir()):
        raise BackupExists(f"{folder}")
    home = Path(instance.root_directory)
    if missing := [name for name in _DAGSTER if not (home / name).exists()]:
        raise NotOnSqlite(f"there is no {home / missing[0]}")
    # Events of runs that have ended do not change any more, and are most of all: they need no lock.
    for run_id in _list_runs(instance, ended=True):
        _copy(home, folder, f"history/runs/{run_id}.db")
    with services.store.begin():
        _copy_file(Path(url.database or ""), folder / _STORE)
        for name in _DAGSTER:
            _copy(home, folder, name)
        for run_id in (*_list_runs(instance, ended=True), *_list_runs(instance, ended=False)):
            _copy(home, folder, f"history/runs/{run_id}.db")
    for name in _BESIDE:
        _copy_text(home / name, folder / name)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _list_runs(instance: dg.DagsterInstance, *, ended: bool) -> list[str]:
    statuses = [status for status in dg.DagsterRunStatus if (status in FINISHED_STATUSES) is ended]
    return list(instance.get_run_ids(dg.RunsFilter(statuses=statuses)))


def _copy(home: Path, folder: Path, name: str) -> None:
    if (home / name).exists() and not (folder / name).exists():
        _copy_file(home / name, folder / name)


def _copy_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Unlike SQLite's `.backup` this does not begin anew whenever somebody writes.
    with closing(sqlite3.connect(source, timeout=30)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    target.chmod(0o600)


def _copy_text(source: Path, target: Path) -> None:
    if source.exists():
        target.write_bytes(source.read_bytes())
        target.chmod(0o600)
