"""Databases of sql tools: opened for one call, told to change nothing, and stopped when the call's time is over.

A connection is made for each call, and nothing is kept of it: no setting, lock or temporary table of one call is there
in another.
"""

import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from pydantic_core import to_jsonable_python

from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.errors import FaultCode
from agentmesh_dagster.specs.sql_statement import DUCKDB, Statement
from agentmesh_dagster.tools.errors import InvalidTool, ToolError, cut_excerpt

_LOOK_EVERY_SECONDS = 0.05  # while another process has a file of DuckDB's
_AT_ONCE = 200  # rows
_MEMORY_LIMIT = "1GB"  # of a DuckDB in memory
# Before a statement, by SQLAlchemy's name. A server that took backslashes in texts for escapes would read a statement
# otherwise than we have.
_FIRST: Mapping[str, Sequence[str]] = {"postgresql": ["SET standard_conforming_strings = on"]}
_READ_ONLY: Mapping[str, Sequence[str]] = {
    "postgresql": ["SET TRANSACTION READ ONLY"],
    "mysql": ["SET TRANSACTION READ ONLY"],
    "mariadb": ["SET TRANSACTION READ ONLY"],
    "oracle": ["SET TRANSACTION READ ONLY"],
    "sqlite": ["PRAGMA query_only = ON"],
}
_STOPS = ("cancel_safe", "interrupt", "cancel")  # as drivers call it
_BUSY_STATES = {"40001", "40P01", "55P03"}  # SQL: it could not be serialised, a deadlock, a lock not given
_BUSY = re.compile(r"database is locked|could not set lock|different configuration|deadlock", re.IGNORECASE)


class DatabaseUnreachable(ToolError):
    """The database cannot be reached."""

    retryable = True


class DatabaseBusy(ToolError):
    """Somebody else has the database, or what the statement needs of it."""

    retryable = True


class StatementFailed(ToolError):
    """The database refused the statement."""


class StatementTimedOut(ToolError):
    """The statement took too long, and was stopped."""

    retryable = True
    code = FaultCode.TIMEOUT


class TooManyBytes(ToolError):
    """The rows are larger than a value may be: ask for less of them."""


@dataclass(frozen=True)
class Rows:
    rows: list[JsonValue]  # objects
    count: int
    is_cut: bool


@dataclass(frozen=True)
class _Call:
    statement: Statement
    parameters: Mapping[str, JsonValue]
    is_read_only: bool
    max_rows: int
    deadline: float  # time.monotonic() value
    max_bytes: int

    def read(self, columns: Sequence[str], fetch: Callable[[int], Sequence[Sequence[Any]]]) -> Rows:
        """As many rows as are wanted; one more is asked for, to know whether there are any."""
        names = _tell_apart(columns)
        rows: list[JsonValue] = []
        size = 0
        while some := fetch(min(_AT_ONCE, self.max_rows + 1 - len(rows))):
            made: list[JsonValue] = [dict(zip(names, map(_write_value, row), strict=True)) for row in some]
            rows += made
            size += len(write_json(made))
            if size > self.max_bytes:
                raise TooManyBytes(f"more than {self.max_bytes:,} bytes (AGENTMESH_MAX_VALUE_BYTES)")
            if len(rows) > self.max_rows:
                break
        return Rows(rows[: self.max_rows], min(len(rows), self.max_rows), len(rows) > self.max_rows)


def ask_database(
    url: str,
    statement: Statement,
    parameters: JsonObject,
    *,
    is_read_only: bool,
    max_rows: int,
    deadline: float,
    max_bytes: int,
    external_access: bool,
) -> Rows:
    """What a statement gives. Raises the ToolError family, in the database's words and without the url."""
    call = _Call(statement, parameters, is_read_only, max_rows, deadline, max_bytes)
    return _ask_duckdb(url, call, external_access) if statement.dialect == DUCKDB else _ask_sqlalchemy(url, call)


def _ask_duckdb(url: str, call: _Call, external_access: bool) -> Rows:
    import duckdb  # slow to import, and not needed by others

    connection = _open_duckdb(url, call, external_access)
    try:
        with connection, _until(call.deadline, connection.interrupt):
            if len(connection.extract_statements(call.statement.text)) != 1:  # read by the database itself, too
                raise InvalidTool("several statements stand here, and a call executes one")
            connection.execute(call.statement.text, dict(call.parameters))
            columns = [str(column[0]) for column in connection.description or ()]
            rows = call.read(columns, connection.fetchmany)
    except duckdb.Error as error:
        raise StatementFailed(cut_excerpt(str(error))) from error
    if not call.statement.is_query and columns == ["Count"]:  # how many rows were changed
        [count] = cast("list[dict[str, int]]", rows.rows) or [{"Count": 0}]
        return Rows([], count["Count"], is_cut=False)
    return rows


def _open_duckdb(url: str, call: _Call, external_access: bool) -> Any:
    """A connection that can reach its own file alone; waits while somebody else has that."""
    import duckdb
    from sqlalchemy import make_url

    read = make_url(url)
    path = read.database if read.database and read.database != ":memory:" else None
    config: dict[str, Any] = {"memory_limit": _MEMORY_LIMIT} if path is None else {}
    config |= dict(read.query)
    config["python_enable_replacements"] = False  # a table's name would be looked for among Python's variables
    if not external_access:
        config |= {"enable_external_access": False, "lock_configuration": True}
    while True:
        try:
            return duckdb.connect(path or ":memory:", read_only=bool(path and call.is_read_only), config=config)
        except duckdb.Error as error:
            if not _BUSY.search(str(error)):
                raise DatabaseUnreachable(cut_excerpt(str(error))) from error
            if time.monotonic() + _LOOK_EVERY_SECONDS > call.deadline:
                raise DatabaseBusy(cut_excerpt(str(error))) from error
        time.sleep(_LOOK_EVERY_SECONDS)


def _ask_sqlalchemy(url: str, call: _Call) -> Rows:
    from sqlalchemy import create_engine, make_url, text
    from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
    from sqlalchemy.pool import NullPool

    try:
        read = make_url(re.sub(r"^postgres(?=[:+])", "postgresql", url))
        where = _at_the_file(read, call) if read.get_backend_name() == "sqlite" else read
        engine = create_engine(where, poolclass=NullPool)
    except (ArgumentError, ValueError):
        raise InvalidTool("the url of the database cannot be read") from None
    except (NoSuchModuleError, ImportError) as error:
        raise InvalidTool(f"the driver of the database is not installed where this runs: {error}") from error
    try:
        connection = engine.connect()
    except SQLAlchemyError as error:
        raise DatabaseUnreachable(_quote_fault(error)) from error
    kind = engine.dialect.name
    try:
        with connection, _until(call.deadline, _find_stop(connection.connection.driver_connection)):
            for sentence in (*_FIRST.get(kind, ()), *(_READ_ONLY.get(kind, ()) if call.is_read_only else ())):
                connection.exec_driver_sql(sentence)
            # A query's rows are fetched as they are read, so that a table does not come whole.
            streams = connection.execution_options(stream_results=call.statement.is_query)
            result = streams.execute(text(_mark(call.statement)), _adapt(call.parameters, kind))
            with closing(result):
                if result.returns_rows:
                    rows = call.read(list(result.keys()), result.fetchmany)
                else:
                    rows = Rows([], max(result.rowcount, 0), is_cut=False)
            if not call.is_read_only:
                connection.commit()
            return rows
    except DBAPIError as error:
        is_busy = getattr(error.orig, "sqlstate", "") in _BUSY_STATES or _BUSY.search(str(error.orig))
        raise (DatabaseBusy if is_busy else StatementFailed)(_quote_fault(error)) from error
    except SQLAlchemyError as error:
        raise StatementFailed(_quote_fault(error)) from error


def _at_the_file(url: Any, call: _Call) -> Any:
    """A URL of SQLite that makes no new file, and opens one that is there for what is needed."""
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        return url
    mode = "ro" if call.is_read_only else "rw"
    place = quote(str(Path(url.database).expanduser().absolute()))
    return url.set(database=f"file:{place}").update_query_dict({"mode": mode, "uri": "true"})


def _mark(statement: Statement) -> str:
    """The statement as SQLAlchemy's `text` takes it: the tokens that were read, without the comments between them."""
    from sqlglot import tokenize

    parts: list[str] = []
    end = 0
    tokens = tokenize(statement.text, read=statement.dialect)
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        written = statement.text[token.start : token.end + 1]
        is_before_name = following and following.start == token.end + 1 and following.text in statement.parameters
        if not (written == ":" and is_before_name):
            written = written.replace(":", "\\:")
        parts += " " if token.start > end else "", written
        end = token.end + 1
    return "".join(parts)


def _adapt(parameters: Mapping[str, JsonValue], kind: str) -> dict[str, Any]:
    """Values as drivers take them: an object as JSON text, and a list too where there are no arrays."""
    is_text = dict if kind == "postgresql" else (dict, list)
    return {name: write_json(value) if isinstance(value, is_text) else value for name, value in parameters.items()}


def _find_stop(connection: Any) -> Callable[[], object]:
    """What stops a statement from another thread, if the driver knows it."""
    found = (getattr(connection, name, None) for name in _STOPS)
    return next((stop for stop in found if callable(stop)), lambda: None)


@contextmanager
def _until(deadline: float, stop: Callable[[], object]) -> Generator[None]:
    """Stops what is executed inside at the deadline. Raises StatementTimedOut then."""
    timer = threading.Timer(max(0.0, deadline - time.monotonic()), stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if time.monotonic() >= deadline:
            raise StatementTimedOut from error
        raise
    finally:
        timer.cancel()


def _quote_fault(error: Exception) -> str:
    return cut_excerpt(str(getattr(error, "orig", None) or error))


def _tell_apart(columns: Sequence[str]) -> list[str]:
    """The names of the columns, a second `id` as `id_2`."""
    names: list[str] = []
    for column in columns:
        name, number = column, 1
        while name in names:
            number += 1
            name = f"{column}_{number}"
        names.append(name)
    return names


def _write_value(value: Any) -> JsonValue:
    """A value as JSON: decimals are numbers, times ISO 8601, bytes base64, and what JSON does not know its text."""
    if isinstance(value, Decimal) and value.is_finite():
        return int(value) if cast("int", value.as_tuple().exponent) >= 0 else float(value)
    if isinstance(value, Mapping):
        fields = cast("Mapping[Any, Any]", value)
        return {str(key): _write_value(inner) for key, inner in fields.items()}
    if isinstance(value, list | tuple):
        return [_write_value(item) for item in cast("Sequence[Any]", value)]
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(bytes(cast("bytes", value))).decode()
    return to_jsonable_python(value, fallback=str)
