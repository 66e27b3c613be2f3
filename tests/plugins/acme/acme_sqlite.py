"""The tool type `sqlite`: rows of an SQLite file, by a query that the tool's author has fixed."""

import sqlite3

from pydantic import Field

from agentmesh_dagster.plugins import (
    Entity,
    InvalidTool,
    InvalidToolInput,
    JsonValue,
    Settings,
    ToolKind,
    ToolRequest,
    ToolSpec,
)


class SqliteSettings(Entity):
    file: str = Field(description="The path of the file.")
    query: str = Field(description="A SELECT; `:name` stands for a field of the input.")
    max_rows: int = Field(default=100, ge=1, le=10_000, description="No more rows than these are given.")


def run(request: ToolRequest, _: Settings) -> JsonValue:
    settings = SqliteSettings.model_validate(request.tool.config.settings or {})
    given = request.input if isinstance(request.input, dict) else {}
    try:
        connection = sqlite3.connect(f"file:{settings.file}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise InvalidTool(f"{settings.file}: {error}") from error
    try:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(settings.query, given).fetchmany(settings.max_rows)
        return {"rows": [dict(row) for row in rows]}
    except sqlite3.Error as error:
        raise InvalidToolInput(str(error)) from error
    finally:
        connection.close()


SQLITE = ToolKind(
    ToolSpec(type="sqlite", label="SQLite", purpose="Reads rows of an SQLite file.", settings=SqliteSettings), run
)
