"""From a plan to a job: names, retries, pools, chips and descriptions."""

from itertools import pairwise

import dagster as dg

from agentmesh_dagster.graph.plan import plan_graph
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store
from agentmesh_dagster.translator.build_job import build_job, build_job_once
from tests.shapes import node, workflow


def build(store: Store, job_name: str, *middle: str, **config: object) -> dg.JobDefinition:
    nodes = [node("start", "start"), *(node(name, "branch", **config) for name in middle), node("end", "end")]
    names = ["start", *middle, "end"]
    flow = workflow(job_name, nodes, [f"{a} -> {b}" for a, b in pairwise(names)])
    return build_job(plan_graph(read_graph(flow), {}, {}), job_name, Services(store, Settings()))


def test_ops_of_different_jobs_never_clash(store: Store):
    jobs = [build(store, "a", "x__y"), build(store, "a__x", "y"), build(store, "b", "y", mode="all")]

    assert dg.Definitions(jobs=jobs).get_repository_def().job_names


def test_nodes_that_are_told_the_same_share_one_op_definition(store: Store):
    retried = {"maxAttempts": 3}
    one, same, other = build(store, "a", "x"), build(store, "b", "x", retry=retried), build(store, "c", "x", pool="gpu")
    definitions = [job.graph.node_named("x").definition for job in (one, same, other)]

    assert definitions[0] is definitions[1]
    assert definitions[2].name != definitions[0].name
    assert one.graph.node_named("x").retry_policy is None
    assert same.graph.node_named("x").retry_policy == dg.RetryPolicy(max_retries=2, delay=0)


def test_the_id_that_a_job_keeps_is_that_of_its_snapshot(store: Store):
    job = build(store, "w", "x")

    assert job.get_job_snapshot_id() == job.get_job_snapshot().snapshot_id
    assert build(store, "w", "x").get_job_snapshot_id() == job.get_job_snapshot_id(), "in every process the same"


def test_a_job_is_built_once_for_a_plan(store: Store):
    services = Services(store, Settings())
    flow = workflow("w", [node("start", "start"), node("end", "end")], ["start -> end"])
    plan, same = (plan_graph(read_graph(flow), {}, {}) for _ in range(2))

    assert build_job_once(plan, "w", services) is build_job_once(plan, "w", services)
    assert build_job_once(same, "w", services) is not build_job_once(plan, "w", services)


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

    node = job.graph.node_named("b")
    assert node.definition.pool == "gpu"
    assert node.retry_policy == dg.RetryPolicy(
        max_retries=2, delay=2, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
    )
