"""A server of the official SDK, as the tests want it: over stdin and stdout, or over HTTP on a port that it prints."""

import base64
import os
import socket
import sys
import time
from pathlib import Path

import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver import Image
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("of the tests")
MARKS = Path(sys.argv[1])  # a line for each call that has begun
IS_CHANGED = "changed" in sys.argv


def mark(name: str) -> None:
    with MARKS.open("a") as file:
        file.write(f"{name}\n")


@server.tool()
def add(a: int, b: int) -> int:
    """Adds."""
    mark("add")
    return a + b


if IS_CHANGED:

    @server.tool()
    def greet(name: str, greeting: str = "Hello") -> str:
        """Greets, in any words."""
        return f"{greeting} {name}"

else:

    @server.tool()
    def greet(name: str) -> str:
        """Greets."""
        return f"Hello {name}"


@server.tool(structured_output=False)
def say(text: str) -> str:
    """Gives the text back."""
    return text


@server.tool(structured_output=False)
def draw() -> list[str | Image]:
    """A picture, and what it shows."""
    return ["a dot", Image(data=base64.b64decode("aGVsbG8="), format="png")]


@server.tool()
def environment() -> dict[str, str]:
    """All that it has of an environment."""
    return dict(os.environ)


@server.tool()
def fail() -> str:
    raise ToolError("there is no such ticket")


@server.tool()
def sleep(seconds: float) -> str:
    mark("sleep")
    time.sleep(seconds)
    return "slept"


@server.tool()
def die() -> str:
    """Ends in the middle of the call."""
    mark("die")
    print("out of memory", file=sys.stderr, flush=True)
    os._exit(3)


@server.tool()
def process_id() -> int:
    return os.getpid()


if __name__ == "__main__":
    if "http" in sys.argv:
        listening = socket.create_server(("127.0.0.1", int(sys.argv[-1])))
        print(listening.getsockname()[1], flush=True)
        uvicorn.Server(uvicorn.Config(server.streamable_http_app(), log_level="error")).run([listening])
    else:
        server.run()
