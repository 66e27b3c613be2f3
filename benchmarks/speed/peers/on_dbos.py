"""The graphs on DBOS, with its system database in SQLite."""

import asyncio
import tempfile
import time
import uuid

from dbos import DBOS, SetWorkflowID

from benchmarks.speed.arrivals import wait_for_arrivals
from benchmarks.speed.frame import Answered, Task, play, read_task
from benchmarks.speed.peers.llm import ask_async


@DBOS.step()
async def agent(latency_ms: int, text: str) -> str:
    return await ask_async(latency_ms, text)


@DBOS.step()
async def join(said: list[str]) -> str:
    return "|".join(said)


@DBOS.step()
async def branch(said: str) -> str:
    return "A" if said == "left" else "B"


@DBOS.workflow()
async def run_g1(latency_ms: int) -> str:
    text = "start"
    for _ in range(10):
        text = await agent(latency_ms, text)
    return text


@DBOS.workflow()
async def run_g2(latency_ms: int) -> str:
    return await join(await asyncio.gather(*[agent(latency_ms, f"item {number}") for number in range(20)]))


@DBOS.workflow()
async def run_g3(latency_ms: int) -> str:
    arm = await branch(await agent(latency_ms, "CLASSIFY this"))
    return await agent(latency_ms, await agent(latency_ms, f"arm {arm}"))


@DBOS.workflow()
async def run_g4(latency_ms: int) -> str:
    text = await agent(latency_ms, await agent(latency_ms, "start"))
    approved = await DBOS.recv_async("approve", timeout_seconds=60)
    return await agent(latency_ms, await agent(latency_ms, f"{text}{approved}"))


_WORKFLOWS = {"G1": run_g1, "G2": run_g2, "G3": run_g3, "G4": run_g4}


async def run(task: Task, graph: str, latency_ms: int) -> Answered | None:
    began = time.time()
    workflow_id = uuid.uuid4().hex
    with SetWorkflowID(workflow_id):
        handle = await DBOS.start_workflow_async(_WORKFLOWS[graph], latency_ms)
    if graph != "G4":
        await handle.get_result()
        return None
    await asyncio.to_thread(wait_for_arrivals, task.mock, began, 2)
    idle_s = 0.3  # after the second call, until it really waits
    await asyncio.sleep(latency_ms / 1000 + idle_s)
    answered_at = time.time()
    await DBOS.send_async(workflow_id, True, "approve")
    await handle.get_result(polling_interval_sec=0.05)
    return Answered(answered_at, idle_s)


def main(task: Task) -> None:
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        database = f"sqlite:///{folder}/dbos.sqlite"
        quiet = {"run_admin_server": False, "log_level": "WARNING"}
        DBOS(config={"name": "bench", "system_database_url": database, **quiet})

        async def begin() -> None:
            DBOS.launch()

        runner.run(begin())
        play(task, lambda graph, latency_ms: runner.run(run(task, graph, latency_ms)))
        DBOS.destroy()


if __name__ == "__main__":
    main(read_task()[0])
