"""The graphs as Prefect flows of tasks, against the real server at PREFECT_API_URL; results are not kept."""

import threading
import time

from prefect import flow, task
from prefect.context import get_run_context
from prefect.flow_runs import pause_flow_run, resume_flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from benchmarks.speed.frame import Answered, play, read_task
from benchmarks.speed.peers.llm import ask

_UNTIL_PAUSED_SECONDS = 1.7
_paused: list[object] = []  # the flow run that pauses next; a flow gives its id to nobody else
_pausing = threading.Event()


@task
def agent(latency_ms: int, text: str) -> str:
    return ask(latency_ms, text)


@task
def join(said: list[str]) -> str:
    return "|".join(said)


@task
def branch(said: str) -> str:
    return "A" if said == "left" else "B"


@flow
def run_g1(latency_ms: int) -> str:
    text = "start"
    for _ in range(10):
        text = agent(latency_ms, text)
    return text


@flow(task_runner=ThreadPoolTaskRunner(max_workers=32))
def run_g2(latency_ms: int) -> str:
    futures = [agent.submit(latency_ms, f"item {number}") for number in range(20)]
    return join([future.result() for future in futures])


@flow
def run_g3(latency_ms: int) -> str:
    arm = branch(agent(latency_ms, "CLASSIFY this"))
    return agent(latency_ms, agent(latency_ms, f"arm {arm}"))


@flow
def run_g4(latency_ms: int) -> str:
    text = agent(latency_ms, agent(latency_ms, "start"))
    _paused.append(get_run_context().flow_run.id)
    _pausing.set()
    pause_flow_run(timeout=300, poll_interval=1)  # seconds, whole ones only
    return agent(latency_ms, agent(latency_ms, text))


_FLOWS = {"G1": run_g1, "G2": run_g2, "G3": run_g3}


def run(graph: str, latency_ms: int) -> Answered | None:
    if graph != "G4":
        _FLOWS[graph](latency_ms)
        return None
    answered: list[float] = []

    def answer() -> None:
        _pausing.wait()
        time.sleep(_UNTIL_PAUSED_SECONDS)
        answered.append(time.time())
        resume_flow_run(_paused[-1])

    _pausing.clear()
    person = threading.Thread(target=answer)
    person.start()
    run_g4(latency_ms)
    person.join()
    return Answered(answered[0], idle_s=_UNTIL_PAUSED_SECONDS)


if __name__ == "__main__":
    play(read_task()[0], run)
