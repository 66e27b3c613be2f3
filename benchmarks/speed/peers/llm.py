"""The model call of every peer: the `openai` SDK, told by OPENAI_BASE_URL where the mock model is."""

from functools import cache

from openai import AsyncOpenAI, OpenAI


def ask(latency_ms: int, text: str) -> str:
    reply = _open_client().chat.completions.create(model=f"mock-{latency_ms}", messages=_write(text))
    return reply.choices[0].message.content or ""


async def ask_async(latency_ms: int, text: str) -> str:
    """For one event loop per process."""
    reply = await _open_async_client().chat.completions.create(model=f"mock-{latency_ms}", messages=_write(text))
    return reply.choices[0].message.content or ""


def _write(text: str) -> list:
    return [{"role": "user", "content": text}]


@cache
def _open_client() -> OpenAI:
    return OpenAI(max_retries=0)


@cache
def _open_async_client() -> AsyncOpenAI:
    return AsyncOpenAI(max_retries=0)
