"""Tools of type `sql`, on DuckDB, SQLite and a real PostgreSQL: one statement, bound parameters, and no way around."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy
import psycopg
import pytest

from agentmesh_dagster.errors import FaultCode
from agentmesh_dagster.settings import Settings, get_settings
from agentmesh_dagster.specs.sql_statement import DIALECTS, read_statement
from agentmesh_dagster.tools import describe_tool
from agentmesh_dagster.tools.databases import DatabaseBusy, DatabaseUnreachable, StatementFailed, StatementTimedOut
from agentmesh_dagster.tools.errors import InvalidTool, InvalidToolInput, ToolError
from tests.postgres import PostgresServer
from tests.tools.servers import call, make_tool

ROWS = "(1, 'anvil', 12.50), (2, 'rope', 3.25), (3, 'tnt', null)"
MAKE = f"create table goods (id integer, name varchar(20), price decimal(9,2)); insert into goods values {ROWS}"


@dataclass(frozen=True)
class Shop:
    """A database with three goods, as the operator declares it."""

    kind: str
    settings: Settings
    ask: Callable[[str], list[Any]]  # behind the tool's back

    def mark(self, name: str) -> str:
        return f"${name}" if self.kind == "duckdb" else f":{name}"

    def call(self, statement: str, params: Any = None, *, seconds: float = 20, **config: Any) -> Any:
        given = {"statement": statement} | ({"params": params} if params is not None else {})
        return call(make_tool("sql", connection="shop", **config), given, self.settings, seconds=seconds)


def declare(home: Path, monkeypatch: pytest.MonkeyPatch, url: str, more: str = "") -> Settings:
    home.mkdir(parents=True, exist_ok=True)
    (home / "agentmesh.toml").write_text(f"[databases.shop]\nurl = '{url}'\n{more}")
    get_settings.cache_clear()
    return get_settings()


@pytest.fixture(scope="module")
def goods(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a PostgreSQL database with the goods."""
    with postgres.database() as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(MAKE)
        yield url


@pytest.fixture(params=["duckdb", "sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    kind: str = request.param
    path = tmp_path / "shop.db"
    if kind == "duckdb":
        with duckdb.connect(str(path)) as connection:
            connection.execute(MAKE)
        return Shop(kind, declare(home, monkeypatch, f"duckdb:///{path}"), lambda sql: _ask_duckdb(path, sql))
    if kind == "sqlite":
        with closing(sqlite3.connect(path)) as opened:
            opened.executescript(MAKE)
        return Shop(kind, declare(home, monkeypatch, f"sqlite:///{path}"), lambda sql: _ask_sqlite(path, sql))
    url: str = request.getfixturevalue("goods")
    return Shop(kind, declare(home, monkeypatch, url), lambda sql: _ask_postgres(url, sql))


def _ask_duckdb(path: Path, sql: str) -> list[Any]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def _ask_sqlite(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def _ask_postgres(url: str, sql: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(sql).fetchall()


def test_rows_come_by_the_names_of_their_columns(shop: Shop):
    answer = shop.call("select id, name, price from goods order by id")

    first, *_, last = answer["rows"]
    assert first == {"id": 1, "name": "anvil", "price": 12.5}
    assert last == {"id": 3, "name": "tnt", "price": None}
    assert (answer["rowCount"], answer["isCut"]) == (3, False)


def test_parameters_are_bound_and_never_pasted(shop: Shop):
    name = shop.mark("name")
    evil = "x' or '1' = '1'; drop table goods; --"

    assert shop.call(f"select id from goods where name = {name} or {name} = 'all'", {"name": "rope"})["rows"] == [
        {"id": 2}
    ]
    assert shop.call(f"select id from goods where name = {name}", {"name": evil})["rows"] == []
    assert shop.call(f"select {shop.mark('a')} as a", {"a": evil})["rows"] == [{"a": evil}]
    assert shop.call(f"select ':name %s {{x}}' as a, id from goods where name = {name} -- :b", {"name": "tnt"}) == {
        "rows": [{"a": ":name %s {x}", "id": 3}],
        "rowCount": 1,
        "isCut": False,
    }


def test_a_fixed_statement_takes_its_parameters_as_input(shop: Shop):
    statement = f"select name from goods where price > {shop.mark('least')} and id < {shop.mark('id')}"
    tool = make_tool("sql", connection="shop", statement=statement)

    assert call(tool, {"least": 5, "id": 9}, shop.settings)["rows"] == [{"name": "anvil"}]
    assert describe_tool(tool).input_schema["required"] == ["least", "id"]
    with pytest.raises(InvalidToolInput, match="id"):
        call(tool, {"least": 5}, shop.settings)
    with pytest.raises(InvalidToolInput, match="statement"):
        call(tool, {"least": 5, "id": 1, "statement": "drop table goods"}, shop.settings)


def test_more_rows_than_are_wanted_are_cut_and_told(shop: Shop):
    answer = shop.call("select id from goods order by id", max_rows=2)

    assert answer == {"rows": [{"id": 1}, {"id": 2}], "rowCount": 2, "isCut": True}
    assert shop.call("select id from goods order by id", max_rows=3)["isCut"] is False


CHANGES = [
    "insert into goods values (4, 'hat', 1)",
    "update goods set price = 0",
    "delete from goods",
    "drop table goods",
    "create table more (a integer)",
    "create table more as select * from goods",
    "select 1; drop table goods",
    "select 1; commit; drop table goods",
    "with gone as (delete from goods returning *) select * from gone",
    "select * into more from goods",
    "select * from goods for update",
    "explain analyze delete from goods",
    "begin",
    "commit",
    "attach 'other.db' as other",
    "pragma query_only = off",
    "set transaction read write",
    "copy goods to '/tmp/goods.csv'",
    "vacuum",
]


@pytest.mark.parametrize("statement", CHANGES)
def test_what_may_only_read_changes_nothing(shop: Shop, statement: str):
    with pytest.raises(InvalidToolInput, match="not executed"):
        shop.call(statement)

    assert len(shop.ask("select * from goods where price > 0")) == 2


def test_the_database_too_is_told_to_change_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    """Should a statement be read otherwise here than there."""
    blind = read_statement("select 1", DIALECTS[shop.kind], is_read_only=True)
    change = "insert into goods values (4, 'hat', 1)"
    monkeypatch.setattr(
        "agentmesh_dagster.tools.sql_tool._read_statement", lambda *_: type(blind)(change, blind.dialect, (), True)
    )

    with pytest.raises(ToolError):
        shop.call("select 1")

    assert len(shop.ask("select * from goods")) == 3


def test_one_that_may_change_says_how_many_rows_it_changed(shop: Shop):
    name = shop.mark("name")
    added = shop.call(f"insert into goods values (4, {name}, 1)", {"name": "hat"}, read_only=False)
    gone = shop.call("delete from goods where id >= 4", read_only=False)

    assert [added, gone] == [{"rows": [], "rowCount": 1, "isCut": False}] * 2
    assert len(shop.ask("select * from goods")) == 3
    back = shop.call("insert into goods values (5, 'cap', 2) returning id", read_only=False)
    assert back["rows"] == [{"id": 5}]
    assert shop.call("delete from goods where id = 5", read_only=False)["rowCount"] == 1


def test_what_fails_changes_nothing_and_is_told_in_the_databases_words(shop: Shop):
    with pytest.raises(StatementFailed, match="nowhere"):
        shop.call("select * from nowhere")
    with pytest.raises(InvalidToolInput, match="line 1, column"):
        shop.call("select from where")


def test_the_deadline_ends_a_statement_in_the_database(shop: Shop):
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n where i > 0) select max(i) from n"
    started = time.monotonic()

    with pytest.raises(StatementTimedOut) as raised:
        shop.call(endless, seconds=0.7)

    assert time.monotonic() - started < 5
    assert raised.value.code is FaultCode.TIMEOUT
    if shop.kind == "postgresql":
        assert shop.ask("select * from pg_stat_activity where query like 'with recursive%' and state = 'active'") == []


def test_two_columns_of_one_name_are_both_there(shop: Shop):
    assert shop.call("select id, id, name as id from goods where id = 1")["rows"] == [
        {"id": 1, "id_2": 1, "id_3": "anvil"}
    ]


@pytest.fixture
def memory() -> Callable[..., Any]:
    def ask(statement: str, params: Any = None, **config: Any) -> Any:
        return call(make_tool("sql", **config), {"statement": statement, "params": params or {}})["rows"]

    return ask


def test_duckdb_needs_no_setting_up_and_takes_rows_as_parameters(memory: Callable[..., Any]):
    orders = [{"shop": "a", "paid": 3}, {"shop": "b", "paid": 4}, {"shop": "a", "paid": 5}]

    assert memory(
        "select shop, sum(paid) as paid from (select unnest($orders, recursive := true)) group by shop order by shop",
        {"orders": orders},
    ) == [{"shop": "a", "paid": 8}, {"shop": "b", "paid": 4}]


def test_values_that_json_does_not_know_come_as_it_writes_them(memory: Callable[..., Any]):
    [row] = memory(
        """
        select 1.50 as price, 7::decimal(9,0) as whole, date '2026-11-30' as day, unhex('ff') as raw, [1.5, 2] as many,
            {'a': time '10:00:00'} as inner, '00000000-0000-0000-0000-000000000001'::uuid as id,
            interval 90 second as span
        """
    )

    assert row == {
        "price": 1.5,
        "whole": 7,
        "day": "2026-11-30",
        "raw": "/w==",
        "many": [1.5, 2],
        "inner": {"a": "10:00:00"},
        "id": "00000000-0000-0000-0000-000000000001",
        "span": "PT1M30S",
    }


LOCKED = [
    "select * from read_text('{file}')",
    "select * from '{file}'",
    "select * from read_csv('{file}')",
    "select * from glob('/*')",
    "select * from read_parquet('https://example.com/x.parquet')",
    "select * from sqlite_scan('{file}', 't')",
]


@pytest.mark.parametrize("statement", LOCKED)
def test_a_statement_of_duckdb_reaches_no_file_and_no_network(statement: str, tmp_path: Path):
    file = tmp_path / "s.csv"
    file.write_text("a,b\n1,2\n")

    with pytest.raises(StatementFailed):
        call(make_tool("sql"), {"statement": statement.replace("{file}", str(file))})


def test_nor_does_one_that_may_change_things_unlock_it(memory: Callable[..., Any], tmp_path: Path):
    for statement in ("set enable_external_access = true", f"copy (select 1) to '{tmp_path}/x'", "install httpfs"):
        with pytest.raises(StatementFailed):
            memory(statement, read_only=False)
    assert not list(tmp_path.glob("x*"))


def test_a_table_is_not_looked_for_among_pythons_variables(memory: Callable[..., Any]):
    settings = numpy.array([1])
    assert len(settings) == 1
    with pytest.raises(StatementFailed, match="settings"):
        memory("select * from settings")


def test_the_operator_may_open_files_to_duckdb(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "s.csv").write_text("a,b\n1,2\n")
    settings = declare(home, monkeypatch, "duckdb://", "external_access = true")

    tool = make_tool("sql", connection="shop")
    assert call(tool, {"statement": f"from read_csv('{tmp_path}/s.csv')"}, settings)["rows"] == [{"a": 1, "b": 2}]


POSTGRES_TRAPS = [
    "select pg_read_file('/etc/passwd')",
    "select pg_catalog.pg_ls_dir('.')",
    "select \"pg_read_file\"('/etc/passwd')",
    "select * from dblink('dbname=x', 'delete from goods') as t(a int)",
    "select lo_import('/etc/passwd')",
    "select pg_terminate_backend(1)",
    "select pg_advisory_lock(1)",
    "select set_config('transaction_read_only', 'off', false)",
    "select query_to_xml('delete from goods', true, true, '')",
    "do $$ begin delete from goods; end $$",
    "call pg_terminate_backend(1)",
]


@pytest.mark.parametrize("statement", POSTGRES_TRAPS)
def test_functions_of_postgresql_that_do_more_than_read_are_refused(
    statement: str, goods: str, home: Path, monkeypatch: pytest.MonkeyPatch
):
    tool = make_tool("sql", connection="shop")
    with pytest.raises(InvalidToolInput, match=r"more than read tables|is no query"):
        call(tool, {"statement": statement}, declare(home, monkeypatch, goods))


def test_a_text_is_read_as_here_whatever_the_server_is_set_to(goods: str, home: Path, monkeypatch: pytest.MonkeyPatch):
    """With backslashes as escapes the second text would end early, and the rest would be statements."""
    with psycopg.connect(goods, autocommit=True) as connection:
        connection.execute("alter role current_user set standard_conforming_strings = off")
        try:
            evil = r"select 'a\''; commit; delete from goods; --'"
            [row] = call(make_tool("sql", connection="shop"), {"statement": evil}, declare(home, monkeypatch, goods))[
                "rows"
            ]
        finally:
            connection.execute("alter role current_user reset standard_conforming_strings")

        assert [*row.values()] == [r"a\'; commit; delete from goods; --"]
        assert connection.execute("select count(*) from goods").fetchone() == (3,)


def test_values_of_postgresql(goods: str, home: Path, monkeypatch: pytest.MonkeyPatch):
    settings = declare(home, monkeypatch, goods)
    statement = """select :a::int[] as list, cast(:o as jsonb) as object, '{"k": [1]}'::jsonb -> 'k' as k, 1.10 as n"""
    given = {"statement": statement, "params": {"a": [1, 2], "o": {"x": 1}}}
    [row] = call(make_tool("sql", connection="shop"), given, settings)["rows"]

    assert row == {"list": [1, 2], "object": {"x": 1}, "k": [1], "n": 1.1}


@pytest.mark.parametrize(
    ("url", "fault", "why"),
    [
        ("postgresql://mesh:s3cret-word@127.0.0.1:1/shop", DatabaseUnreachable, "refused"),
        ("sqlite:////nowhere/shop.db", DatabaseUnreachable, "unable to open"),
        ("duckdb:////nowhere/shop.db", DatabaseUnreachable, "nowhere"),
        ("oracle://mesh:s3cret-word@db/shop", InvalidTool, "driver of the database is not installed"),
        ("clickhouse://mesh:s3cret-word@db/shop", InvalidTool, "none that can be asked"),
        ("postgresql://mesh:s3cret-word@db:port/shop", InvalidTool, "cannot be read"),
    ],
)
def test_a_database_that_cannot_be_asked_is_told_without_its_password(
    url: str, fault: type[ToolError], why: str, home: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(fault, match=why) as raised:
        call(make_tool("sql", connection="shop"), {"statement": "select 1"}, declare(home, monkeypatch, url))

    assert "s3cret" not in str(raised.value)


def test_a_database_that_nobody_declared_is_named(home: Path, monkeypatch: pytest.MonkeyPatch):
    settings = declare(home, monkeypatch, "duckdb://")
    with pytest.raises(InvalidTool, match=r"declares no database `shap`.*did you mean `shop`"):
        call(make_tool("sql", connection="shap"), {"statement": "select 1"}, settings)


def test_who_waits_for_a_file_of_duckdb_gets_it_when_it_is_free(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "shop.db"
    settings = declare(home, monkeypatch, f"duckdb:///{path}")
    busy = duckdb.connect(str(path))
    tool = make_tool("sql", connection="shop")
    with pytest.raises(DatabaseBusy):
        call(tool, {"statement": "select 1"}, settings, seconds=0.3)

    threading.Timer(0.3, busy.close).start()

    assert call(tool, {"statement": "select 1 as a"}, settings)["rows"] == [{"a": 1}]


def test_a_model_is_told_what_the_database_speaks(home: Path, monkeypatch: pytest.MonkeyPatch):
    declare(home, monkeypatch, "postgresql://db/shop")

    told = describe_tool(make_tool("sql", connection="shop"))

    assert told.text.startswith("Executes one statement of SQL (postgres), which changes nothing")
    assert ":name" in told.input_schema["properties"]["statement"]["description"]  # type: ignore[index]
    assert "$name" in describe_tool(make_tool("sql", read_only=False)).text
