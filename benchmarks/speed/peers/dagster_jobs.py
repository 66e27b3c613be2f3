"""The graphs as somebody would write them by hand for Dagster: `G1_in_process`, `G1_multiprocess`, …"""

import os
from pathlib import Path

import dagster as dg

from benchmarks.speed.peers.llm import ask

EXECUTORS = {"in_process": dg.in_process_executor, "multiprocess": dg.multiprocess_executor}


class Model(dg.ConfigurableResource):
    latency_ms: int = 0


def build_first(name: str, text: str) -> dg.OpDefinition:
    @dg.op(name=name)
    def first(model: Model) -> str:
        return ask(model.latency_ms, text)

    return first


@dg.op
def agent(model: Model, text: str) -> str:
    return ask(model.latency_ms, text)


@dg.op
def join_texts(said: list[str]) -> str:
    return "|".join(said)


@dg.op(out={"a": dg.Out(str, is_required=False), "b": dg.Out(str, is_required=False)})
def branch(said: str):
    yield dg.Output("arm A", "a") if said == "left" else dg.Output("arm B", "b")


@dg.op
def join_arms(model: Model, said: list[str]) -> str:
    return ask(model.latency_ms, said[0])  # of the arm that ran; the other gives nothing


@dg.op
def gate(context: dg.OpExecutionContext, text: str) -> str:
    """Stops the run; it is executed again from here once there is an answer. What hand-written jobs do."""
    answer = Path(os.environ["BENCH_ANSWERS"], context.run.root_run_id or context.run_id)
    if not answer.exists():
        raise dg.Failure("a person is asked", allow_retries=False)
    return text + answer.read_text()


_START, _CLASSIFY = build_first("start", "start"), build_first("classify", "CLASSIFY this")
_ITEMS = [build_first(f"item_{number}", f"item {number}") for number in range(20)]


def build_jobs(kind: str) -> list[dg.JobDefinition]:
    settings = {"executor_def": EXECUTORS[kind], "resource_defs": {"model": Model.configure_at_launch()}}

    @dg.job(name=f"G1_{kind}", **settings)
    def g1() -> None:
        text = _START()
        for _ in range(9):
            text = agent(text)

    @dg.job(name=f"G2_{kind}", **settings)
    def g2() -> None:
        join_texts([item() for item in _ITEMS])

    @dg.job(name=f"G3_{kind}", **settings)
    def g3() -> None:
        a, b = branch(_CLASSIFY())
        join_arms([agent(a), agent(b)])

    @dg.job(name=f"G4_{kind}", **settings)
    def g4() -> None:
        agent(agent(gate(agent(_START()))))

    return [g1, g2, g3, g4]


def build_run_config(latency_ms: int) -> dict:
    """Without Dagster's lines on standard error, as AgentMesh in the same benchmark."""
    return {
        "resources": {"model": {"config": {"latency_ms": latency_ms}}},
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }


_JOBS = {job.name: job for kind in EXECUTORS for job in build_jobs(kind)}
defs = dg.Definitions(jobs=list(_JOBS.values()))


def get_job(name: str) -> dg.JobDefinition:
    return _JOBS[name]
