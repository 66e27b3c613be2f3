"""The door to the database: one write transaction, or one consistent read."""

import atexit
import os
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from agentmesh_dagster.private_files import close_to_others, make_private_folder
from agentmesh_dagster.store.address import read_url, show_url
from agentmesh_dagster.store.clock import forget_now
from agentmesh_dagster.store.counting import count_told
from agentmesh_dagster.store.faults import StoreUnavailable, in_plain_words
from agentmesh_dagster.store.made import check_file, note_made
from agentmesh_dagster.store.migrate import migrate
from agentmesh_dagster.store.sqlite_files import BUSY_SECONDS, connect, explain_no_writing
from agentmesh_dagster.store.told import TOLD, Observer, Told

CONNECT_SECONDS = 10

# A process may work with some 32 threads; connections above the first few are closed when they come back.
_POOL: Mapping[str, Any] = {"pool_size": 5, "max_overflow": 35, "pool_timeout": BUSY_SECONDS}

_WRITE = {"sqlite_begin": "BEGIN IMMEDIATE"}  # takes the write lock at once: later it could fail without waiting
_MAKESHIFT = "makeshift"
_READ = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


@dataclass(frozen=True)
class _Access:
    """What one process needs for its work with the database."""

    engine: Engine
    sqlite_writer: threading.RLock = field(default_factory=threading.RLock)


class Store:
    """The database of an installation; safe to share between threads, and with processes that are forked."""

    def __init__(self, url: URL) -> None:
        """`open_store` makes stores: it also brings the tables up to date."""
        self.url = url
        # Connections must not cross a fork. A child makes its own and leaves its parent's alone, unclosed.
        self._access: dict[int, _Access] = {}
        self._observer: Observer | None = None

    def __repr__(self) -> str:
        return f"Store({show_url(self.url)!r})"

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine of this process."""
        return self._access_here().engine

    def watch(self, observer: Observer) -> None:
        """Lets somebody know what this process records of runs, after each transaction that did so."""
        self._observer = observer

    @contextmanager
    def begin(self) -> Generator[Connection]:
        """One write transaction: committed at the end, rolled back when an exception leaves it.

        Raises StoreUnavailable, StoreFull and StoreReadOnly among its kinds. On SQLite there is one writer at a time:
        do not nest, and do not wait in it.
        """
        told: list[Told] = []
        with self._transact() as connection:
            connection.info[TOLD] = told
            yield connection
            count_told(connection, told)
        if self._observer is not None:
            for one in told:
                self._observer(one)

    @contextmanager
    def _transact(self) -> Generator[Connection]:
        access = self._access_here()
        with in_plain_words(self.url):
            if access.engine.dialect.name == "postgresql":
                with access.engine.begin() as connection:
                    yield connection
            else:
                with _one_at_a_time(access.sqlite_writer), access.engine.connect() as connection:
                    connection.execution_options(**_WRITE)
                    with connection.begin():
                        yield connection

    @contextmanager
    def read(self) -> Generator[Connection]:
        """One read: all queries in it see the store at the same moment. Raises StoreUnavailable."""
        with in_plain_words(self.url), self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(**_READ)
            with connection.begin():
                yield connection

    def explain_no_writing(self) -> str | None:
        """Why nothing can be written, as far as the disk says; None where it says nothing, and for PostgreSQL."""
        return explain_no_writing(self.url.database or "") if self.url.drivername == "sqlite" else None

    def close(self) -> None:
        """Forget this process's connections, the idle ones closed; a later call opens new ones."""
        if access := self._access.pop(os.getpid(), None):
            access.engine.dispose()

    def close_idle(self) -> None:
        """Close this process's idle connections, and leave those alone that are in use."""
        if access := self._access.get(os.getpid()):
            access.engine.dispose()

    def _access_here(self) -> _Access:
        process = os.getpid()
        if access := self._access.get(process):
            return access
        atexit.unregister(close_stores)
        atexit.register(close_stores)  # by each process for itself: a forked one drops what it has inherited
        return self._access.setdefault(process, _Access(_build_engine(self.url)))


_stores: dict[URL, Store] = {}


def open_store(url: str) -> Store:
    """The store at `url`, made if it is missing, its tables brought up to date; one per process and URL.

    Raises InvalidStoreUrl, StoreUnavailable (StoreDamaged among its kinds), StoreTooNew.
    """
    address = read_url(url)
    if store := _stores.get(address):
        return store
    store = Store(address)
    with in_plain_words(address, DBAPIError, OSError):
        if address.drivername == "sqlite":
            folder = Path(address.database or "").parent
            if not folder.is_dir():
                make_private_folder(folder)
            check_file(address)
        try:
            migrate(store.engine)
        except BaseException:
            store.close()
            raise
        if address.drivername == "sqlite":
            for ending in ("", "-wal", "-shm"):
                close_to_others(Path(f"{address.database}{ending}"))
            note_made(address)
    first = _stores.setdefault(address, store)
    if first is not store:  # another thread was faster
        store.close()
    return first


def close_stores() -> None:
    """Close every store that this process has opened; `open_store` opens them anew."""
    while _stores:
        _stores.popitem()[1].close()


def _before_fork() -> None:
    # SQLite keeps its locks by process. A child that opens a file which it has also inherited open believes to hold
    # locks that it does not hold: so nothing idle is open during a fork.
    for store in list(_stores.values()):
        if store.url.drivername == "sqlite":
            store.close_idle()


os.register_at_fork(before=_before_fork)


@contextmanager
def _one_at_a_time(lock: threading.RLock) -> Generator[None]:
    # SQLite lets waiting writers sleep and try again; among 32 threads some then wait for seconds.
    try:
        if not lock.acquire(timeout=BUSY_SECONDS):
            raise StoreUnavailable(f"another thread of this process has been writing for {BUSY_SECONDS} s")
        yield
    finally:
        # Who stops a step raises in its thread, perhaps just when this lock was got: only an RLock knows its owner.
        with suppress(RuntimeError):  # it is not ours
            lock.release()


def _build_engine(url: URL) -> Engine:
    # hide_parameters: what people typed does not belong into error texts.
    if url.drivername == "sqlite":
        options = {"isolation_level": None} | _unless_given(url, "timeout", BUSY_SECONDS)
        engine = create_engine(url, **_POOL, hide_parameters=True, connect_args=options)
        event.listen(engine, "do_connect", _connect_to_sqlite)
        event.listen(engine, "checkin", _close_makeshift)
        event.listen(engine, "begin", _begin_on_sqlite)
        return engine
    options = _unless_given(url, "connect_timeout", CONNECT_SECONDS)
    return create_engine(url, **_POOL, hide_parameters=True, pool_pre_ping=True, connect_args=options)


def _unless_given(url: URL, option: str, value: object) -> dict[str, object]:
    return {} if option in url.query else {option: value}


def _connect_to_sqlite(
    dialect: Dialect, record: ConnectionPoolEntry, arguments: list[Any], options: dict[str, Any]
) -> Any:
    connection, record.info[_MAKESHIFT] = connect(dialect.connect, arguments[0], options)
    return connection


def _close_makeshift(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    if record.info.get(_MAKESHIFT):
        record.invalidate()


def _begin_on_sqlite(connection: Connection) -> None:
    # With isolation_level None Python's driver leaves BEGIN to us.
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
    forget_now(connection)
