"""A server with the connections of ours and next to nothing behind them, in a process with the usual 1,024 descriptors.

python -m tests.process.small_server PORT HEADER_SECONDS BODY_SECONDS
"""

import asyncio
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from agentmesh_dagster.api import connections
from agentmesh_dagster.api.connections import OpenConnections, build_protocol, raise_open_files_limit


async def count(request: Request) -> PlainTextResponse:
    try:
        return PlainTextResponse(str(len(await request.body())))
    except ClientDisconnect:
        return PlainTextResponse("nobody reads this")


async def list_headers(request: Request) -> PlainTextResponse:
    await request.body()
    return PlainTextResponse(" ".join(request.headers))


async def stream(_request: Request) -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        for number in range(1_000):
            yield f"{number}\n"
            await asyncio.sleep(0.1)

    return StreamingResponse(lines())


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        while True:
            await websocket.send_text(await websocket.receive_text())


def main() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, 1024))
    limit = raise_open_files_limit()
    assert limit == 1024
    connections.HEADERS_WITHIN_SECONDS, connections.BODY_WITHIN_SECONDS = float(sys.argv[2]), float(sys.argv[3])
    routes = [
        Route("/", count, methods=["GET", "POST"]),
        Route("/headers", list_headers, methods=["POST"]),
        Route("/stream", stream),
        WebSocketRoute("/echo", echo),
    ]
    app = Starlette(routes=routes)
    uvicorn.run(app, port=int(sys.argv[1]), http=build_protocol(OpenConnections(limit)), log_level="warning")


if __name__ == "__main__":
    main()
