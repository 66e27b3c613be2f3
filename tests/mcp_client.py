"""The official SDK's client of MCP, as other programs call `/mcp`."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio
import httpx2
import mcp_types
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

Result = TypeVar("Result")


def connect(url: str, work: Callable[[Client], Awaitable[Result]], mode: str = "auto", **headers: str) -> Result:
    """What `work` gives with a client of its own; `mode="legacy"`: one of the time before 2026."""

    async def use() -> Result:
        async with (
            httpx2.AsyncClient(headers=headers, timeout=90) as http,
            Client(streamable_http_client(url, http_client=http), mode=mode) as client,
        ):
            return await work(client)

    return anyio.run(use)


async def call_ok(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool answers that must succeed."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, read_text(result)
    assert isinstance(result.structured_content, dict)
    return result.structured_content


async def call_faulty(client: Client, tool: str, **arguments: Any) -> str:
    """The words of a tool that must refuse."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, read_text(result)
    return read_text(result)


def read_text(result: mcp_types.CallToolResult) -> str:
    [content] = result.content
    assert isinstance(content, mcp_types.TextContent)
    return content.text
