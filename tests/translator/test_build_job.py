"""From a plan to a job: names, retries, pools, chips and descriptions."""

from itertools import pairwise

import dagster as dg

from agentmesh_dagster.graph.plan import plan_graph
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store
from agentmesh_dagster.translator.build_job import build_job
from tests.shapes import node, workflow


def build(store: Store, job_name: str, *middle: str, **config: object) -> dg.JobDefinition:
    nodes = [node("start", "start"), *(node(name, "branch", **config) for name in middle), node("end", "end")]
    names = ["start", *middle, "end"]
    flow = workflow(job_name, nodes, [f"{a} -> {b}" for a, b in pairwise(names)])
    return build_job(plan_graph(read_graph(flow), {}, {}), job_name, Services(store, Settings()))


def test_ops_of_different_jobs_never_share_a_definition(store: Store):
    jobs = [build(store, "a", "x__y"), build(store, "a__x", "y")]

    assert dg.Definitions(jobs=jobs).get_repository_def().job_names


def test_step_keys_are_the_safe_names_of_the_nodes(store: Store):
    job = build(store, "w", "Prüfe den Antrag", "class")

    assert {op.name for op in job.graph.nodes} == {"start", "Prufe_den_Antrag", "class_", "end"}


def test_retry_and_pool_come_from_the_nodes_config(store: Store):
    job = build(
        store,
        "w",
        "b",
        retry={"maxAttempts": 3, "delaySeconds": 2, "backoff": "exponential", "jitter": True},
        pool="gpu",
    )

    definition = job.graph.node_named("b").definition
    assert definition.pool == "gpu"
    assert definition.retry_policy == dg.RetryPolicy(
        max_retries=2, delay=2, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
    )
