"""Dagster's SQLite storage with its files kept open: the same files and tables, fewer waits for the disk."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Self, cast

import dagster as dg
from sqlalchemy import Connection, Engine, NullPool, create_engine
from watchdog.observers import Observer

from agentmesh_dagster.extensions.dagster_internals import (
    ConfigurableClass,
    ConfigurableClassData,
    DagsterStorage,
    EventLogStorage,
    InstanceInfo,
    RunStorage,
    RunStorageSqlMetadata,
    ScheduleStorage,
    ScheduleStorageSqlMetadata,
    SqlEventLogStorageMetadata,
    SqliteEventLogStorage,
    SqliteEventLogStorageWatchdog,
    SqliteRunStorage,
    SqliteScheduleStorage,
    create_db_conn_string,
)
from agentmesh_dagster.extensions.sqlite_storage.files import BUSY_SECONDS, OpenFiles, build_engine
from agentmesh_dagster.extensions.sqlite_storage.tables import Tables, make_tables

OPEN_RUNS = 16  # a web process sees thousands of runs; each open one is a connection and three file descriptors

_INDEX = "index"  # the name of the event log's file that is not of one run
_BASE_DIR = {"base_dir": dg.Field(dg.StringSource, is_required=False)}


class WarmSqliteStorage(DagsterStorage[dg.DagsterInstance], ConfigurableClass):
    """All of an instance's storage, in the folder of the instance unless `base_dir` names another."""

    def __init__(self, base_dir: str | None = None, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__()
        self._inst_data = inst_data
        self._event_log_storage = WarmSqliteEventLogStorage(base_dir and os.path.join(base_dir, "history", "runs"))
        self._run_storage = WarmSqliteRunStorage(base_dir and os.path.join(base_dir, "history"))
        self._schedule_storage = WarmSqliteScheduleStorage(base_dir and os.path.join(base_dir, "schedules"))

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        return _BASE_DIR

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        return cls(inst_data=inst_data, **config_value)

    @property
    def event_log_storage(self) -> EventLogStorage[dg.DagsterInstance]:
        return self._event_log_storage

    @property
    def run_storage(self) -> RunStorage[dg.DagsterInstance]:
        return self._run_storage

    @property
    def schedule_storage(self) -> ScheduleStorage[dg.DagsterInstance]:
        return self._schedule_storage


class WarmSqliteEventLogStorage(SqliteEventLogStorage):
    """Events: the index and the `OPEN_RUNS` runs used last stay open, each for one thread at a time."""

    def __init__(self, base_dir: str | None = None, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self._index = OpenFiles(at_most=1, connections=1, prepare=self._initdb)
        self._runs = OpenFiles(at_most=OPEN_RUNS, connections=1, prepare=self._initdb)
        self._is_open = base_dir is not None
        if base_dir is not None:
            super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> Any:
        return _BASE_DIR

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        return cls(inst_data=inst_data, **config_value)

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        if not self._is_open:  # only the instance knows where its folder is
            super().__init__(os.path.join(instance.root_directory, "history", "runs"), self._inst_data)
            self._is_open = True
        super().register_instance(instance)

    def delete_events(self, run_id: str) -> None:
        super().delete_events(run_id)
        self._runs.close(self.conn_string_for_shard(run_id))

    def wipe(self) -> None:
        self._runs.close_all()  # their files are removed
        super().wipe()

    def watch(self, run_id: str, cursor: str | None, callback: Callable[[Any, str], Any]) -> None:
        if not self._obs:
            self._obs = Observer()
            self._obs.start()
        watchdog = _Watchdog(self, run_id, callback, cursor)
        watches = cast("dict[str, dict[object, object]]", self._watchers)  # pyright: ignore[reportUnknownMemberType]
        watches[run_id][callback] = watchdog, self._obs.schedule(watchdog, self._base_dir, recursive=True)

    def dispose(self) -> None:
        super().dispose()
        self._runs.close_all()
        self._index.close_all()

    @contextmanager
    def _connect(self, shard: str) -> Generator[Connection]:
        files = self._index if shard == _INDEX else self._runs
        with files.connect(self.conn_string_for_shard(shard)) as connection:
            yield connection

    def _initdb(self, engine: Engine, for_index_shard: bool = False) -> None:
        if make_tables(engine, SqlEventLogStorageMetadata) is Tables.UNSTAMPED:
            # Dagster's own way works with two connections at once.
            own = create_engine(engine.url, poolclass=NullPool, connect_args={"timeout": BUSY_SECONDS})
            super()._initdb(own, for_index_shard)


class _Watchdog(SqliteEventLogStorageWatchdog):
    """Tells who watches a run of its new events."""

    @property
    def patterns(self) -> list[str]:
        # Events reach the run's own file only when it is closed; until then they are in the log beside it.
        return [self._log_path, f"{self._log_path}-wal"]

    def on_modified(self, event: Any) -> None:  # noqa: ARG002
        self._process_log()


class _OneFile(ABC):
    """A storage in one file that stays open, for several threads at once; to stand before Dagster's class of it."""

    _FOLDER: str  # below the instance's
    _NAME: str
    _METADATA: Any
    _conn_string: str  # Dagster's; empty until the file is open

    def __init__(self, base_dir: str | None = None, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__("", inst_data)  # pyright: ignore[reportCallIssue]
        self._files = OpenFiles(at_most=1, connections=40)
        if base_dir is not None:
            self._open(base_dir)

    @classmethod
    def config_type(cls) -> Any:
        return _BASE_DIR

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Any:
        return cls(inst_data=inst_data, **config_value)

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        super().register_instance(instance)  # pyright: ignore
        if not self._conn_string:
            self._open(os.path.join(instance.root_directory, self._FOLDER))

    @contextmanager
    def connect(self) -> Generator[Connection]:
        with self._files.connect(self._conn_string) as connection:
            yield connection

    def dispose(self) -> None:
        super().dispose()  # pyright: ignore
        self._files.close_all()

    def _open(self, folder: str) -> None:
        os.makedirs(folder, exist_ok=True)
        self._conn_string = create_db_conn_string(folder, self._NAME)
        engine = build_engine(self._conn_string, connections=1)
        try:
            found = make_tables(engine, self._METADATA)
        finally:
            engine.dispose()
        self._complete(found, folder)

    @abstractmethod
    def _complete(self, found: Tables, folder: str) -> None:
        """Does what Dagster does with a file that it has just made, or found so."""


class WarmSqliteRunStorage(_OneFile, SqliteRunStorage):
    """Runs."""

    _FOLDER, _NAME, _METADATA = "history", "runs", RunStorageSqlMetadata

    def _complete(self, found: Tables, folder: str) -> None:
        match found:
            case Tables.MADE:
                self.migrate()
                self.optimize()
            case Tables.UNSTAMPED:
                SqliteRunStorage.from_local(folder)
            case Tables.FOUND:
                with self.connect() as connection:
                    InstanceInfo.create(connection, checkfirst=True)  # Dagster adds it without a migration


class WarmSqliteScheduleStorage(_OneFile, SqliteScheduleStorage):
    """Schedules, sensors and their ticks."""

    _FOLDER, _NAME, _METADATA = "schedules", "schedules", ScheduleStorageSqlMetadata

    def _complete(self, found: Tables, folder: str) -> None:
        match found:
            case Tables.MADE:
                self.migrate()
                self.optimize()
            case Tables.UNSTAMPED:
                SqliteScheduleStorage.from_local(folder)
            case Tables.FOUND:
                pass
