"""A session with an MCP server: one for a step, in a thread with an event loop of its own.

The SDK's client is entered and left in one task, as it demands. A session that is lost is opened anew before the next
call; a call that was on its way is never made again, since it may have acted.
"""

import asyncio
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import AsyncExitStack, suppress
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast

from agentmesh_dagster.declared import McpServer
from agentmesh_dagster.errors import FaultCode
from agentmesh_dagster.tools.errors import ToolError, cut_excerpt

if TYPE_CHECKING:
    import mcp

T = TypeVar("T")

_START_SECONDS = 30.0  # at the least, for a server to start
_GRACE_SECONDS = 5.0  # for a server to end
_IDLE_SECONDS = 300.0  # of a stream that waits for what the server says by itself
_MAX_PAGES = 100  # of a list of functions
_SHOWN_OF_STDERR = 2_000  # bytes


class McpUnreachable(ToolError):
    """The MCP server cannot be reached."""

    retryable = True


class McpLost(ToolError):
    """The connection to the MCP server was lost during the call: whether it has acted is not known."""


class McpTimedOut(ToolError):
    """The MCP server took too long: whether the call has acted is not known."""

    code = FaultCode.TIMEOUT


class McpRefused(ToolError):
    """The MCP server refused the call."""


class McpSession:
    """The functions of one server; safe to use from several threads."""

    def __init__(self, server: McpServer) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._connection: _Connection | None = None
        self._called: set[str] = set()

    def is_first(self, function: str) -> bool:
        """Whether nobody has asked this of a function before."""
        with self._lock:
            is_first = function not in self._called
            self._called.add(function)
        return is_first

    def list_functions(self, deadline: float) -> "list[mcp.types.Tool]":
        """Raises McpUnreachable, McpLost, McpTimedOut, McpRefused; as `call`."""
        return self._run(_list_functions, deadline)

    def call(self, function: str, arguments: dict[str, Any], deadline: float) -> "mcp.types.CallToolResult":
        """What a function gives, until `deadline` (time.monotonic()) or the server's own limit."""
        return self._run(lambda client: client.call_tool(function, arguments), deadline)

    def close(self) -> None:
        """Ends the session, and a server that it has started."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _run(self, work: "Callable[[mcp.Client], Awaitable[T]]", deadline: float) -> T:
        connection = self._connect(deadline)
        return connection.run(work, min(deadline, time.monotonic() + self._server.timeout_seconds))

    def _connect(self, deadline: float) -> "_Connection":
        """The connection that is open, or a new one."""
        with self._lock:
            soon = min(deadline, time.monotonic() + self._server.timeout_seconds)
            if self._connection is not None and not self._connection.is_alive(soon):
                self._connection.close()
                self._connection = None
            if self._connection is None:
                seconds = max(_START_SECONDS, self._server.timeout_seconds)
                self._connection = _Connection(self._server, min(deadline, time.monotonic() + seconds))
            return self._connection


class Sessions:
    """The sessions of one step, by the name of the server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[str, McpSession] = {}

    def get(self, name: str, server: McpServer) -> McpSession:
        with self._lock:
            return self._sessions.setdefault(name, McpSession(server))

    def close(self) -> None:
        with self._lock:
            sessions, self._sessions = list(self._sessions.values()), {}
        for session in sessions:
            session.close()


class _Connection:
    """An open client, and the thread in which it lives."""

    def __init__(self, server: McpServer, deadline: float) -> None:
        """Raises McpUnreachable."""
        self._server = server
        self._opened: Future[mcp.Client] = Future()
        self._is_used = self._is_lost = False
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the connection
        self._loop = asyncio.new_event_loop()
        self._ends = asyncio.Event()
        self._main: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._live, name="mcp-session", daemon=True)
        self._thread.start()
        try:
            self._client = self._opened.result(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            self.close()
            raise McpUnreachable(f"it did not answer in time{self._quote_stderr()}") from None
        except (Exception, CancelledError) as error:
            said = _describe(error) + self._quote_stderr()
            self.close()
            raise McpUnreachable(said) from error

    def is_alive(self, deadline: float) -> bool:
        """Whether the server is still there: asked of one that has been called before."""
        if self._is_lost or not self._thread.is_alive():
            return False
        if not self._is_used:
            return True
        try:
            self.run(lambda client: client.list_tools(cache_mode="bypass"), deadline)
        except ToolError:
            return not self._is_lost
        return True

    def run(self, work: "Callable[[mcp.Client], Awaitable[T]]", deadline: float) -> T:
        """What `work` gives. Raises McpLost, McpTimedOut, McpRefused."""
        from mcp import MCPError

        started = time.monotonic()
        self._is_used = True
        asked = self._start(_run_until(work(self._client), deadline))
        try:
            return asked.result(max(0.0, deadline - time.monotonic()) + _GRACE_SECONDS)
        except TimeoutError:
            raise McpTimedOut(f"no answer after {time.monotonic() - started:.1f} s") from None
        except MCPError as error:
            if "closed" not in error.message.lower():
                raise McpRefused(cut_excerpt(error.message)) from error
            self._is_lost = True
            raise McpLost(cut_excerpt(error.message) + self._quote_stderr()) from error
        except (Exception, CancelledError) as error:  # what a transport raises when its server goes is of any kind
            self._is_lost = True
            raise McpLost(_describe(error) + self._quote_stderr()) from error
        finally:
            asked.cancel()

    def close(self) -> None:
        """Ends it; a server that was started is killed if it does not end by itself."""
        if self._thread.is_alive():
            with suppress(RuntimeError):  # the loop has just ended by itself
                self._loop.call_soon_threadsafe(self._stop)
            self._thread.join(2 * _GRACE_SECONDS)
        self._stderr.close()

    def _stop(self) -> None:
        self._ends.set()
        if self._main is not None and not self._opened.done():
            self._main.cancel()

    def _start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError as error:  # the loop has ended
            work.close()
            self._is_lost = True
            raise McpLost("the session has ended") from error

    def _live(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._serve())
            except BaseException as error:  # noqa: BLE001 - handed to whoever opens it; later it only ends
                if not self._opened.done():
                    self._opened.set_exception(error)

    async def _serve(self) -> None:
        self._main = asyncio.current_task()
        if self._ends.is_set():
            return
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(await self._build(stack))
            self._opened.set_result(client)
            await self._ends.wait()

    async def _build(self, stack: AsyncExitStack) -> "mcp.Client":
        import httpx2
        from mcp import Client, StdioServerParameters
        from mcp.client.stdio import stdio_client
        from mcp.client.streamable_http import streamable_http_client

        if self._server.url is not None:
            headers = {name: value.get_secret_value() for name, value in self._server.headers.items()}
            timeout = httpx2.Timeout(_START_SECONDS, read=_IDLE_SECONDS)  # a call ends at its own deadline
            http = httpx2.AsyncClient(headers=headers, timeout=timeout)
            return Client(streamable_http_client(self._server.url, http_client=await stack.enter_async_context(http)))
        env = {name: value.get_secret_value() for name, value in self._server.env.items()}
        started = StdioServerParameters(command=self._server.command or "", args=list(self._server.args), env=env)
        return Client(stdio_client(started, errlog=self._stderr))  # type: ignore[arg-type]

    def _quote_stderr(self) -> str:
        """The end of what a server said on its standard error."""
        if self._stderr.closed:
            return ""
        self._stderr.seek(0, 2)
        self._stderr.seek(max(0, self._stderr.tell() - _SHOWN_OF_STDERR))
        said = self._stderr.read().decode("utf-8", "replace").strip()
        return f"; it said: {cut_excerpt(said[-500:])}" if said else ""


async def _run_until(work: Awaitable[T], deadline: float) -> T:
    async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
        return await work


async def _list_functions(client: "mcp.Client") -> "list[mcp.types.Tool]":
    found: list[mcp.types.Tool] = []
    cursor: str | None = None
    for _ in range(_MAX_PAGES):
        page = await client.list_tools(cursor=cursor, cache_mode="bypass")
        found += page.tools
        cursor = page.next_cursor
        if not cursor:
            break
    return found


def _describe(error: BaseException) -> str:
    """The error that is meant: the first inside of groups."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    text = str(error)
    return cut_excerpt(f"{type(error).__name__}: {text}" if text else type(error).__name__)
