"""A model server that costs next to nothing: OpenAI's chat completions, answered after a fixed time.

    python -m benchmarks.speed.mock_llm --port 18000

The model's name says how long an answer takes: `mock-0`, `mock-500` (milliseconds). A message that begins with
CLASSIFY is answered `left`, another `ok:` and its beginning. `GET /log?since=<unix time>` lists what has arrived:
`[[time, model, text], …]`. Plain ASGI, so that the server's own CPU time does not blur what is measured.
"""

import argparse
import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import uvicorn

_Message = dict[str, Any]
_KEPT = 20_000
_TEXT = 60

_arrived: deque[tuple[float, str, str]] = deque(maxlen=_KEPT)


async def app(
    scope: _Message, receive: Callable[[], Awaitable[_Message]], send: Callable[[_Message], Awaitable[None]]
) -> None:
    arrived_at = time.time()
    body = await _read_body(receive)
    if scope["path"].endswith("/chat/completions"):
        answer = await _complete(json.loads(body), arrived_at)
    elif scope["path"] == "/log":
        since = float(parse_qs(scope["query_string"].decode()).get("since", ["0"])[0])
        answer = [entry for entry in _arrived if entry[0] >= since]
    else:
        answer = {"ok": True}
    written = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(written)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": written})


async def _read_body(receive: Callable[[], Awaitable[_Message]]) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def _complete(request: _Message, arrived_at: float) -> _Message:
    model, text = request["model"], request["messages"][-1]["content"]
    _arrived.append((arrived_at, model, text[:_TEXT]))
    if latency_ms := int(model.rpartition("-")[2]):
        await asyncio.sleep(latency_ms / 1000)
    said = "left" if text.startswith("CLASSIFY") else f"ok:{text[:40]}"
    return {
        "id": "chatcmpl-mock",
        "object": "chat.completion",
        "created": int(arrived_at),
        "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=18000)
    port = parser.parse_args().port
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="off")
