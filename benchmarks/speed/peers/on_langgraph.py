"""The graphs on LangGraph, with its SQLite checkpointer as it comes (durability `async`)."""

import asyncio
import operator
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, TypedDict

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from benchmarks.speed.frame import Answered, Task, play, read_task
from benchmarks.speed.graphs import GRAPHS
from benchmarks.speed.peers.llm import ask_async


class State(TypedDict, total=False):
    text: str
    said: Annotated[list[str], operator.add]


def build_agent(latency_ms: int, text: str | None = None, *, collects: bool = False) -> Callable[[State], Awaitable]:
    """A node that asks `text`, else what was said last."""

    async def agent(state: State) -> State:
        said = await ask_async(latency_ms, text or state.get("text", "start"))
        return {"said": [said]} if collects else {"text": said}

    return agent


def ask_a_person(state: State) -> State:
    return {"text": state["text"] + str(interrupt({"ask": "approve?"}))}


def build_graph(graph: str, latency_ms: int) -> StateGraph:
    built = StateGraph(State)
    if graph == "G1":
        chain = [f"n{number}" for number in range(10)]
        for name in chain:
            built.add_node(name, build_agent(latency_ms))
    elif graph == "G4":
        chain = ["n0", "n1", "gate", "n2", "n3"]
        for name in chain:
            built.add_node(name, ask_a_person if name == "gate" else build_agent(latency_ms))
    elif graph == "G2":
        names = [f"n{number}" for number in range(20)]
        for number, name in enumerate(names):
            built.add_node(name, build_agent(latency_ms, f"item {number}", collects=True))
            built.add_edge(START, name)
        built.add_node("join", lambda state: {"text": "|".join(state["said"])})
        built.add_edge(names, "join")
        built.add_edge("join", END)
        return built
    else:
        texts = {"cls": "CLASSIFY this", "a": "arm A", "b": "arm B", "join": None}
        for name, text in texts.items():
            built.add_node(name, build_agent(latency_ms, text))
        built.add_node("branch", lambda _state: {})
        built.add_edge(START, "cls")
        built.add_edge("cls", "branch")
        built.add_conditional_edges("branch", lambda state: "a" if state["text"] == "left" else "b", ["a", "b"])
        built.add_edge("a", "join")
        built.add_edge("b", "join")
        built.add_edge("join", END)
        return built
    for one, following in zip([START, *chain], [*chain, END], strict=True):
        built.add_edge(one, following)
    return built


async def run(compiled, graph: str) -> Answered | None:
    config = {"configurable": {"thread_id": uuid.uuid4().hex}}
    await compiled.ainvoke({"text": "start", "said": []}, config)
    if graph != "G4":
        return None
    answered_at = time.time()
    await compiled.ainvoke(Command(resume=True), config)
    return Answered(answered_at)


def main(task: Task) -> None:
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        opening = AsyncSqliteSaver.from_conn_string(f"{folder}/checkpoints.db")
        saver = runner.run(opening.__aenter__())
        compiled = {
            (graph, ms): build_graph(graph, ms).compile(checkpointer=saver) for graph in GRAPHS for ms in task.latencies
        }
        play(task, lambda graph, latency_ms: runner.run(run(compiled[graph, latency_ms], graph)))
        runner.run(opening.__aexit__(None, None, None))


if __name__ == "__main__":
    main(read_task()[0])
