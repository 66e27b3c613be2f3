"""The hand-written Dagster jobs, without a daemon, with Dagster's storage as it comes (SQLite in DAGSTER_HOME)."""

import argparse
import os
from functools import partial

import dagster as dg

from benchmarks.speed.frame import play, read_task
from benchmarks.speed.peers import dagster_jobs

_HOW = {
    "execute_in_process": "the job in this process, values kept in memory",
    "in_process": "the job as a run worker does: loaded by its name, values in files",
    "multiprocess": "the same with Dagster's default executor, a process for each step",
}


def run_here(instance: dg.DagsterInstance, graph: str, latency_ms: int) -> None:
    job = dagster_jobs.get_job(f"{graph}_in_process")
    config = dagster_jobs.build_run_config(latency_ms)
    assert job.execute_in_process(run_config=config, instance=instance).success


def run_as_worker(instance: dg.DagsterInstance, kind: str, graph: str, latency_ms: int) -> None:
    job = dg.build_reconstructable_job(dagster_jobs.__name__, "get_job", (f"{graph}_{kind}",))
    config = dagster_jobs.build_run_config(latency_ms)
    with dg.execute_job(job, instance, run_config=config) as result:
        assert result.success


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--how", choices=_HOW, default="execute_in_process")
    task, given = read_task(parser)
    os.environ.setdefault("BENCH_ANSWERS", os.environ["DAGSTER_HOME"])
    with dg.DagsterInstance.get() as instance:
        run = partial(run_here, instance)
        if given.how != "execute_in_process":
            run = partial(run_as_worker, instance, given.how)
        play(task, run)
