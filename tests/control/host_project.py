"""Somebody's own project: what an asset of a workflow is made from, the workflows, and what is made from them."""

import os

import dagster as dg

from agentmesh_dagster import build_definitions
from agentmesh_dagster.extensions.thread_executor import thread_executor

DAYS = dg.DailyPartitionsDefinition("2026-01-01")
EXECUTORS = {"in_process": dg.in_process_executor, "multiprocess": dg.multiprocess_executor, "threads": thread_executor}


@dg.asset(key=["raw", "tickets"], partitions_def=DAYS)
def tickets() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 120})


@dg.asset(key=["mart", "report"], deps=[["ai", "brief"]], partitions_def=DAYS)
def report() -> None: ...


@dg.definitions
def defs() -> dg.Definitions:
    mine = dg.Definitions(assets=[tickets, report], executor=EXECUTORS[os.environ.get("HOST_EXECUTOR", "in_process")])
    return dg.Definitions.merge(mine, build_definitions())
