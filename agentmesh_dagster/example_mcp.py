"""The MCP server `example`: what a warehouse's catalogue of tables would say, over stdin and stdout.

For the lesson `table_facts`, and for trying MCP without setting anything up.
"""

from dataclasses import dataclass
from typing import Annotated

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field


@dataclass(frozen=True)
class Table:
    name: str
    rows: int
    owner: str
    columns: dict[str, str]  # name: type


_TABLES = (
    Table("orders", 120_450, "sales", {"id": "integer", "customer_id": "integer", "amount": "decimal", "day": "date"}),
    Table("customers", 8_210, "sales", {"id": "integer", "name": "text", "country": "text"}),
    Table("page_views", 9_300_000, "web", {"session": "text", "path": "text", "at": "timestamp"}),
)

server = MCPServer("example", instructions="Tables of an invented warehouse.")


@server.tool()
def list_tables(owner: Annotated[str | None, Field(description="Only those of this team.")] = None) -> list[str]:
    """The names of the tables in the warehouse."""
    return [table.name for table in _TABLES if owner in (None, table.owner)]


@server.tool()
def describe_table(name: Annotated[str, Field(description="As list_tables gives it.")]) -> Table:
    """Rows, owner and columns of a table."""
    for table in _TABLES:
        if table.name == name:
            return table
    known = ", ".join(table.name for table in _TABLES)
    raise ToolError(f"there is no table {name}; there are {known}")


if __name__ == "__main__":
    server.run()
