"""What goes wrong with the database, in words that say what to do."""

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.store.address import hide_password, show_url
from agentmesh_dagster.store.sqlite_files import explain_no_writing


class StoreUnavailable(AgentMeshError):
    """The store cannot be reached, read or written."""


class StoreFull(StoreUnavailable):
    """There is no room left where the store is: nothing was written, and what is there can still be read."""


class StoreReadOnly(StoreUnavailable):
    """The store can be read but not written: nothing was written."""


class StoreDamaged(StoreUnavailable):
    """The store's file is not what it was; nothing was written to it."""


# The error's name in SQLite, or its code in PostgreSQL (SQLSTATE) → what it is for us.
_KINDS: dict[str, type[StoreUnavailable]] = {
    "SQLITE_FULL": StoreFull,
    "SQLITE_IOERR_WRITE": StoreFull,  # as for a file that may not grow: `ulimit -f`
    "SQLITE_IOERR_SHMSIZE": StoreFull,
    "SQLITE_READONLY": StoreReadOnly,
    "SQLITE_CORRUPT": StoreDamaged,
    "SQLITE_NOTADB": StoreDamaged,
    "53100": StoreFull,  # disk_full
    "25006": StoreReadOnly,  # read_only_sql_transaction: also of a server that is a standby
    "XX001": StoreDamaged,  # data_corrupted
    "XX002": StoreDamaged,  # index_corrupted
}


@contextmanager
def in_plain_words(url: URL, *more: type[Exception]) -> Generator[None]:
    """Raises StoreUnavailable, or one of its kinds, in place of what a database raises when it cannot do its work.

    What says that a statement is at fault is left alone; `more` are further exceptions that mean the former here.
    """
    try:
        yield
    except (DBAPIError, PoolTimeout, *more) as error:
        kind = _find_kind(error)
        if kind is None:
            if not isinstance(error, (OperationalError, InterfaceError, PoolTimeout, *more)):
                raise
            kind = StoreUnavailable
        reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
        if issubclass(kind, StoreFull | StoreReadOnly) and url.drivername == "sqlite":
            why = explain_no_writing(url.database or "")
            reason += f" ({why})" if why else ""
        raise kind(f"{show_url(url)}: {hide_password(reason, url)}") from error


def _find_kind(error: Exception) -> type[StoreUnavailable] | None:
    original = error.orig if isinstance(error, DBAPIError) else error
    name = str(getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None) or "")
    while name:
        if name in _KINDS:
            return _KINDS[name]
        name = name.rpartition("_")[0]  # SQLITE_READONLY_DBMOVED is a kind of SQLITE_READONLY
    return None
