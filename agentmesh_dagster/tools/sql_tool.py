"""Tools of type `sql`: one statement is executed, its parameters bound, and its rows come back as JSON."""

from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.entities.models import JsonObject, Tool, ToolConfig
from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import join_names, quote
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.specs.sql_statement import (
    DIALECTS,
    InvalidStatement,
    Statement,
    find_dialect,
    read_statement,
    write_parameter,
)
from agentmesh_dagster.specs.tools.sql import FIRST_MAX_ROWS, read_dialect
from agentmesh_dagster.tools.databases import ask_database
from agentmesh_dagster.tools.description import ToolDescription
from agentmesh_dagster.tools.errors import InvalidTool, InvalidToolInput
from agentmesh_dagster.tools.request import ToolRequest

_MEMORY = "duckdb://"
_OUTPUT: JsonObject = {
    "type": "object",
    "properties": {
        "rows": {"type": "array", "items": {"type": "object"}, "description": "By the names of the columns."},
        "rowCount": {"type": "integer", "description": "How many rows are here, or were changed."},
        "isCut": {"type": "boolean", "description": "Whether there are more rows than are given."},
    },
    "required": ["rows", "rowCount", "isCut"],
}


def call_sql_tool(request: ToolRequest, settings: Settings) -> JsonValue:
    """`{rows, rowCount, isCut}`. Raises the ToolError family; the database stops at the deadline."""
    config = request.tool.config
    url, external_access = _find_database(config, settings)
    dialect = find_dialect(url)
    if dialect is None:
        raise InvalidTool(f"the database `{config.connection}` is none that can be asked: {join_names(DIALECTS, 'or')}")
    given = as_object(request.input)
    text, parameters = (config.statement, given) if config.statement else _read_input(given)
    statement = _read_statement(text, dialect, config)
    _check_parameters(statement, parameters)
    rows = ask_database(
        url,
        statement,
        parameters,
        is_read_only=config.read_only is not False,
        max_rows=config.max_rows or FIRST_MAX_ROWS,
        deadline=request.deadline,
        external_access=external_access,
        max_bytes=settings.max_value_bytes,
    )
    return {"rows": rows.rows, "rowCount": rows.count, "isCut": rows.is_cut}


def describe_sql_tool(tool: Tool) -> ToolDescription:
    """What a model is told: the database's dialect, and what to give."""
    config = tool.config
    dialect = read_dialect(config) or "SQL"
    may = "which changes nothing" if config.read_only is not False else "which may change what is there"
    if not config.statement:
        written = write_parameter("name", dialect)
        text = (
            f"Executes one statement of SQL ({dialect}), {may}, and gives its rows. Parameters are written {written}."
        )
        return ToolDescription(text, _describe_input(written), _OUTPUT)
    try:
        parameters = _read_statement(config.statement, dialect, config).parameters
    except InvalidTool:
        parameters = ()  # the call says so
    fixed: JsonObject = {
        "type": ["object", "null"] if not parameters else "object",
        "properties": {name: {} for name in parameters},
        "required": list(parameters),
        "additionalProperties": False,
    }
    return ToolDescription(f"Executes a statement, {may}, and gives its rows.", fixed, _OUTPUT)


def _describe_input(written: str) -> JsonObject:
    return {
        "type": "object",
        "properties": {
            "statement": {"type": "string", "description": f"One statement, with {written} for each value."},
            "params": {"type": "object", "description": "The values, by the names of the parameters."},
        },
        "required": ["statement"],
        "additionalProperties": False,
    }


def _find_database(config: ToolConfig, settings: Settings) -> tuple[str, bool]:
    """Its URL, and whether statements may reach beyond it."""
    if not config.connection:
        return _MEMORY, False
    databases = settings.declared.databases
    if config.connection not in databases:
        fault = f"agentmesh.toml declares no database {quote(config.connection)} where this runs"
        raise InvalidTool(with_hint(fault, config.connection, databases))
    found = databases[config.connection]
    return found.url.get_secret_value(), found.external_access


def _read_input(given: JsonObject) -> tuple[str, JsonObject]:
    return str(given["statement"]), as_object(given.get("params"))


def _read_statement(text: str, dialect: str, config: ToolConfig) -> Statement:
    try:
        return read_statement(text, dialect, is_read_only=config.read_only is not False)
    except InvalidStatement as fault:
        whose = InvalidTool if config.statement else InvalidToolInput
        raise whose(f"the statement is not executed: {fault.detail}") from None


def _check_parameters(statement: Statement, given: JsonObject) -> None:
    if set(given) != set(statement.parameters):
        wanted = join_names(statement.parameters) or "none"
        raise InvalidToolInput(f"the statement takes the parameters {wanted}; given are {join_names(given) or 'none'}")
