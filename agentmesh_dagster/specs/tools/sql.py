"""A database is asked."""

from collections.abc import Iterator

from pydantic import Field

from agentmesh_dagster.entities.bounds import MaxRows
from agentmesh_dagster.entities.models import Entity, ToolConfig
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.specs.declared_names import check_declared
from agentmesh_dagster.specs.field_issue import FieldIssue
from agentmesh_dagster.specs.form import form
from agentmesh_dagster.specs.sql_statement import DUCKDB, InvalidStatement, find_dialect, read_statement
from agentmesh_dagster.specs.tool_spec import ToolSpec

FIRST_MAX_ROWS = 1_000


class SqlConfig(Entity):
    connection: str | None = Field(
        default=None,
        title="Database",
        description="A name that agentmesh.toml declares.",
        json_schema_extra=form(control="database", unset="A DuckDB of its own in memory, empty"),
    )
    statement: str | None = Field(
        default=None,
        title="Statement",
        description="What is executed; its parameters (:name, in DuckDB $name) are the input. Without it the input"
        " has `statement` and `params`.",
        examples=["select * from orders where customer = :customer"],
        json_schema_extra=form(rows=6),
    )
    read_only: bool = Field(default=True, title="Read only", description="Statements that change anything are refused.")
    max_rows: MaxRows = Field(
        default=FIRST_MAX_ROWS, title="Most rows", description="How many rows are given; it is told if there are more."
    )


def _list_issues(config: ToolConfig) -> Iterator[FieldIssue]:
    declared = get_settings().declared.databases
    yield from check_declared(config.connection, declared, "connection", "database")
    dialect = read_dialect(config)
    if config.statement and dialect:
        try:
            read_statement(config.statement, dialect, is_read_only=config.read_only is not False)
        except InvalidStatement as fault:
            yield FieldIssue("bad-statement", "statement", f"`statement` is not executed: {fault.detail}.")


def read_dialect(config: ToolConfig) -> str | None:
    """What the database speaks; None for one that is not declared here, or that we cannot read."""
    if not config.connection:
        return DUCKDB
    database = get_settings().declared.databases.get(config.connection)
    return find_dialect(database.url.get_secret_value()) if database else None


SPEC = ToolSpec(
    type="sql",
    label="SQL",
    purpose="Asks a database.",
    config=SqlConfig,
    summary=("connection", "statement"),
    list_issues=_list_issues,
)
