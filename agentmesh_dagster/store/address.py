"""The URL of a store: which databases are meant, and how it is shown without its password."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from agentmesh_dagster.errors import AgentMeshError

_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "postgresql+psycopg2": "postgresql+psycopg",
}


class InvalidStoreUrl(AgentMeshError):
    """The URL of the store (AGENTMESH_DATABASE_URL) cannot be used."""


def read_url(text: str) -> URL:
    """The URL with the driver that we use; the path of an SQLite file becomes absolute.

    Raises InvalidStoreUrl, whose text never holds what was given: it may hold a password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise InvalidStoreUrl("it is no URL; write sqlite:///PATH or postgresql://USER@HOST/DATABASE") from None
    if url.drivername not in _DRIVERS:
        raise InvalidStoreUrl(f"`{url.drivername}` is not supported; use sqlite or postgresql")
    url = url.set(drivername=_DRIVERS[url.drivername])
    return _sqlite_file(url) if url.drivername == "sqlite" else _postgresql(url)


def _sqlite_file(url: URL) -> URL:
    if url.host:
        raise InvalidStoreUrl("SQLite takes three slashes and a path: sqlite:///relative.db, sqlite:////absolute.db")
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise InvalidStoreUrl("a store in memory is lost to other processes; write sqlite:///PATH")
    return url.set(database=str(Path(url.database).expanduser().absolute()))


def _postgresql(url: URL) -> URL:
    if "@" in (url.host or "") or "@" in (url.database or ""):
        raise InvalidStoreUrl("percent-encode `@`, `:` and `/` in user name and password (`@` is %40)")
    if not url.database:
        raise InvalidStoreUrl("the name of the database is missing: postgresql://USER@HOST/DATABASE")
    return url


def show_url(url: URL) -> str:
    """The URL for people: without password, and without options, which may hold one."""
    return url.set(query={}).render_as_string(hide_password=True)


def hide_password(text: str, url: URL) -> str:
    """`text` on one line, without the URL's password."""
    line = " ".join(text.split())
    secrets = [url.password, *(url.normalized_query.get("password", ()))]
    for secret in filter(None, secrets):
        line = line.replace(secret, "***")
    return line
