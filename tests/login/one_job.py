"""A code location with one job, for a web server to launch."""

import dagster as dg


@dg.op
def work() -> int:
    return 1


@dg.job(tags={"agentmesh/workflow": "w", "dagster-k8s/config": "{}", "team": "red"})
def one_job() -> None:
    work()


defs = dg.Definitions(jobs=[one_job])
