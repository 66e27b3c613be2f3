"""Connections to an SQLite file, also where its disk is full or read-only: what was written is read all the same.

In WAL mode whoever reads has to make two files beside the store, unless somebody else has made them. Where there is no
room for them, or nothing may be written, a connection does without: see `connect`.
"""

import logging
import os
import random
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

BUSY_SECONDS = 30  # how long one writer waits for another, or for a free connection
MIN_FREE_BYTES = 1 << 20  # with less of it a disk is as good as full

_NO_ROOM = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_WRITE")
_READ_ONLY = "it stands on a read-only file system"
_SETTINGS = ("PRAGMA foreign_keys = ON", "PRAGMA synchronous = NORMAL")
_ALONE = ("PRAGMA locking_mode = EXCLUSIVE", *_SETTINGS, "SELECT 1 FROM sqlite_schema LIMIT 1")  # in this order

_log = logging.getLogger(__name__)
_said: set[str] = set()  # once for each file and process

Open = Callable[..., Any]  # that of SQLAlchemy says less of a connection than sqlite3


def connect(dial: Open, file: str, options: dict[str, Any]) -> tuple[sqlite3.Connection, bool]:
    """A connection in WAL mode, and whether it is makeshift: to be closed as soon as it is not in use.

    - No room: the log's index is kept in memory, which SQLite allows to one connection at a time. Others wait.
    - A read-only file system: the file as it stands, if it was closed cleanly. Nobody writes to it from here.
    """
    try:
        with _closed_on_failure(dial(file, **options)) as connection:
            _execute(connection, *_SETTINGS)
            _switch_to_wal(connection)
            return connection, False
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", None) in _NO_ROOM:
            return _connect_alone(dial, file, options), True
        if explain_no_writing(file) != _READ_ONLY:
            raise
        if not _was_closed(file):
            last = f"its last writes are in {file}-wal: copy both to where they can be written"
            raise sqlite3.OperationalError(f"{_READ_ONLY}, and {last}") from error
    return _connect_as_it_stands(dial, file, options), True


def explain_no_writing(file: str) -> str | None:
    """Why nothing can be written to the file, as far as its file system says; None where it says nothing."""
    try:
        disk = os.statvfs(file)
    except OSError:
        return None
    if disk.f_flag & os.ST_RDONLY:
        return _READ_ONLY
    if disk.f_bavail * disk.f_frsize < MIN_FREE_BYTES:
        return "its disk is full"
    return None


def _connect_alone(dial: Open, file: str, options: dict[str, Any]) -> sqlite3.Connection:
    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            with _closed_on_failure(dial(file, **(options | {"timeout": 0}))) as connection:
                _execute(connection, *_ALONE)
                return connection
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > give_up:
                raise
        # Closed meanwhile: of two that wait, each would keep the other out.
        time.sleep(random.uniform(0.002, 0.02))


def _connect_as_it_stands(dial: Open, file: str, options: dict[str, Any]) -> sqlite3.Connection:
    if file not in _said:
        _said.add(file)
        _log.warning("%s: %s; what it holds can be read.", file, _READ_ONLY)
    address = f"file:{quote(str(Path(file).absolute()))}?immutable=1"
    with _closed_on_failure(dial(address, **(options | {"uri": True}))) as connection:
        _execute(connection, *_SETTINGS)
        return connection


def _was_closed(file: str) -> bool:
    log = Path(f"{file}-wal")
    return not log.exists() or log.stat().st_size == 0


@contextmanager
def _closed_on_failure(connection: sqlite3.Connection) -> Generator[sqlite3.Connection]:
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def _execute(connection: sqlite3.Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(statement).close()


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    give_up = time.monotonic() + BUSY_SECONDS
    while (mode := _ask_for_wal(connection)) is None and time.monotonic() < give_up:
        time.sleep(0.01)
    if mode != "wal":
        raise sqlite3.OperationalError(f"its folder does not allow SQLite's WAL mode (it stays {mode or 'locked'})")


def _ask_for_wal(connection: sqlite3.Connection) -> str | None:
    """The journal mode now; None while another process holds the file: here SQLite itself does not wait."""
    try:
        return connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    except sqlite3.OperationalError as error:
        if not _is_busy(error):
            raise
        return None


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
