"""The graphs on nothing but asyncio: the limit. Nothing is kept."""

import asyncio
import time

from benchmarks.speed.frame import Answered, play, read_task
from benchmarks.speed.peers.llm import ask_async


async def run_g1(latency_ms: int) -> None:
    text = "start"
    for _ in range(10):
        text = await ask_async(latency_ms, text)


async def run_g2(latency_ms: int) -> None:
    "|".join(await asyncio.gather(*[ask_async(latency_ms, f"item {number}") for number in range(20)]))


async def run_g3(latency_ms: int) -> None:
    arm = "A" if await ask_async(latency_ms, "CLASSIFY this") == "left" else "B"
    await ask_async(latency_ms, await ask_async(latency_ms, f"arm {arm}"))


async def run_g4(latency_ms: int) -> Answered:
    text = await ask_async(latency_ms, await ask_async(latency_ms, "start"))
    answered = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0.05, lambda: answered.set_result(time.time()))
    answered_at = await answered
    await ask_async(latency_ms, await ask_async(latency_ms, text))
    return Answered(answered_at, idle_s=0.05)


_RUNS = {"G1": run_g1, "G2": run_g2, "G3": run_g3, "G4": run_g4}

if __name__ == "__main__":
    with asyncio.Runner() as runner:
        task, _ = read_task()
        play(task, lambda graph, latency_ms: runner.run(_RUNS[graph](latency_ms)))
