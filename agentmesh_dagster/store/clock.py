"""The database's clock: the one that all processes share, for leases, deadlines and time stamps."""

from datetime import UTC, datetime

from sqlalchemy import Connection, DateTime, func, literal_column, select

_SQLITE = select(literal_column("strftime('%Y-%m-%d %H:%M:%f000', 'now')", DateTime()))  # counts in milliseconds
_POSTGRESQL = select(func.clock_timestamp())  # moves on inside a transaction, unlike now()


_READ = "agentmesh_now"


def now(connection: Connection) -> datetime:
    """The time in UTC by the database's own clock; on SQLite one for a whole transaction, which waits for nobody."""
    if connection.dialect.name == "sqlite":
        if _READ not in connection.info:
            connection.info[_READ] = connection.execute(_SQLITE).scalar_one().replace(tzinfo=UTC)
        return connection.info[_READ]
    return connection.execute(_POSTGRESQL).scalar_one().astimezone(UTC)


def forget_now(connection: Connection) -> None:
    """A transaction begins: the clock is to be read again."""
    connection.info.pop(_READ, None)
