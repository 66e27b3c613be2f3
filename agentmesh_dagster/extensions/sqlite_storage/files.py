"""SQLite files that stay open between uses: an engine for each, and only so many of them."""

import os
import sqlite3
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, create_engine, event, make_url

BUSY_SECONDS = 30  # how long one writer waits for another, or for a free connection; Dagster's own figure


@dataclass(eq=False)
class _OpenFile:
    engine: Engine
    users: int = 0
    identity: tuple[int, int] | None = None  # device and inode, known once it was prepared
    inherited: bool = False  # a forked child has it from its parent
    first_use: threading.Lock = field(default_factory=threading.Lock)


class OpenFiles:
    """The `at_most` files used last stay open, each with up to `connections` at once; safe between threads.

    `prepare` is called with a file's engine before its first use. Before a fork all that is idle is closed.
    """

    def __init__(self, *, at_most: int, connections: int, prepare: Callable[[Engine], None] | None = None) -> None:
        self._at_most = at_most
        self._connections = connections
        self._prepare = prepare
        self._files: OrderedDict[str, _OpenFile] = OrderedDict()  # by URL, the one used last at the end
        with _lock:
            _all.add(self)
        weakref.finalize(self, _close_idle, self._files)

    @contextmanager
    def connect(self, url: str) -> Generator[Connection]:
        """One transaction: committed at the end, rolled back when an exception leaves it."""
        file = self._borrow(url)
        try:
            with file.first_use:
                if file.identity is None:
                    if self._prepare is not None:
                        self._prepare(file.engine)
                    with file.engine.connect():
                        file.identity = _identify(url)
            with file.engine.connect() as connection, connection.begin():
                yield connection
        finally:
            self._give_back(url, file)

    def close(self, url: str) -> None:
        """Close one file, at once or when its last user is done; a later use opens it anew."""
        with _lock:
            self._drop(url)

    def close_all(self) -> None:
        """Close every file, those in use when their last user is done."""
        with _lock:
            for url in list(self._files):
                self._drop(url)

    def _borrow(self, url: str) -> _OpenFile:
        with _lock:
            file = self._files.get(url)
            if file is not None and file.identity is not None and file.identity != _identify(url):
                self._drop(url)  # somebody removed or replaced it; what is written to the old one would be lost
                file = None
            if file is None:
                file = self._files[url] = _OpenFile(build_engine(url, connections=self._connections))
            self._files.move_to_end(url)
            file.users += 1
            self._close_surplus()
            return file

    def _give_back(self, url: str, file: _OpenFile) -> None:
        with _lock:
            file.users -= 1
            if self._files.get(url) is file:
                self._close_surplus()
            elif not file.users and not file.inherited:
                file.engine.dispose()

    def _close_surplus(self) -> None:
        idle = [url for url, file in self._files.items() if not file.users]
        for url in idle[: max(len(self._files) - self._at_most, 0)]:
            self._drop(url)

    def _drop(self, url: str) -> None:
        file = self._files.pop(url, None)
        if file is not None and not file.users:
            file.engine.dispose()

    def close_before_fork(self) -> None:
        """Close what is idle; the lock is held."""
        _close_idle(self._files)

    def leave_to_parent(self) -> None:
        """Forget what was in use when this process was forked, without closing it; the lock is held."""
        for file in self._files.values():
            file.inherited = True
            _inherited.append(file)
        self._files.clear()


def build_engine(url: str, *, connections: int) -> Engine:
    """An engine in WAL mode, synchronous=NORMAL, with a pool that gives out up to `connections` at once."""
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS},
        pool_size=min(connections, 5),
        max_overflow=max(connections - 5, 0),  # closed when they come back
        pool_timeout=BUSY_SECONDS,
        pool_use_lifo=True,  # the connection used last has its pages at hand
    )
    event.listen(engine, "connect", _set_up)
    return engine


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = NORMAL").close()
    give_up = time.monotonic() + BUSY_SECONDS
    while (mode := _switch_to_wal(connection)) is None and time.monotonic() < give_up:
        time.sleep(0.01)
    if mode != "wal":  # NORMAL is safe with WAL only
        connection.execute("PRAGMA synchronous = FULL").close()


def _switch_to_wal(connection: sqlite3.Connection) -> str | None:
    """The journal mode now; None while another process holds the file: here SQLite itself does not wait."""
    try:
        return connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise
        return None


def _identify(url: str) -> tuple[int, int] | None:
    try:
        found = os.stat(make_url(url).database or "")
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _close_idle(files: OrderedDict[str, _OpenFile]) -> None:
    for url, file in list(files.items()):
        if not file.users:
            del files[url]
            file.engine.dispose()


# SQLite keeps its locks per process and remembers them: a child that opens a file which it also inherited open believes
# to hold locks that it does not hold. So nothing idle is open during a fork. (subprocess does not come here.)
_lock = threading.Lock()  # over the books of every OpenFiles
_all: weakref.WeakSet[OpenFiles] = weakref.WeakSet()
_inherited: list[_OpenFile] = []  # in use by another thread of the parent: kept, because closing is use as well


def _before_fork() -> None:
    _lock.acquire()
    for files in list(_all):
        files.close_before_fork()


def _in_child() -> None:
    for files in list(_all):
        files.leave_to_parent()
    _lock.release()


os.register_at_fork(before=_before_fork, after_in_parent=_lock.release, after_in_child=_in_child)
