"""What whoever watches over the server asks: `/healthz` and `/metrics`."""

import time
from collections.abc import Iterator, Sequence

import anyio
import dagster as dg
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.control.daemons import read_heartbeat
from agentmesh_dagster.store import Store, StoreUnavailable
from agentmesh_dagster.store.catalogue import current_revision
from agentmesh_dagster.store.figures import read_figures
from agentmesh_dagster.store.sums import ModelUse, list_first_use, list_step_failures

_STORE_ANSWERS_WITHIN_SECONDS = 5.0
_MAX_SERIES = 1_000  # of each counter: workflows times models may be any number, and names of models are templates


def build_watching_routes(context: ApiContext) -> list[Route]:
    """The routes; who may ask is said in `login/rules.py`."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(_Figures(context))

    async def live(_request: Request) -> Response:
        """Whether this process answers at all: if not, start it anew."""
        return JSONResponse({"status": "ok"})

    async def ready(_request: Request) -> Response:
        """Whether it can do its work: if not, send it no requests. Says no more than that to whoever asks."""
        store = context.services.store
        reason = await _find_fault(store)
        if reason is not None:
            return JSONResponse({"status": "unavailable", "reason": reason}, 503)
        if (
            reason := await anyio.to_thread.run_sync(store.explain_no_writing)
        ) is not None:  # whoever only reads is served
            return JSONResponse({"status": "read-only", "reason": f"The store cannot be written: {reason}."})
        return JSONResponse({"status": "ok"})

    def metrics(_request: Request) -> Response:
        try:
            return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
        except StoreUnavailable:
            return Response("The store cannot be read.\n", 503, media_type="text/plain")

    return [Route("/healthz", ready), Route("/healthz/live", live), Route("/metrics", metrics)]


async def _find_fault(store: Store) -> str | None:
    try:
        with anyio.fail_after(_STORE_ANSWERS_WITHIN_SECONDS):
            await anyio.to_thread.run_sync(current_revision, store, abandon_on_cancel=True)
    except StoreUnavailable:
        return "The store cannot be read."
    except TimeoutError:
        return f"The store has not answered for {_STORE_ANSWERS_WITHIN_SECONDS:.0f} seconds."
    return None


class _Figures(Collector):
    """What the store and Dagster say when they are asked: nothing is counted along, so restarts lose nothing."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    def describe(self) -> list[Metric]:
        return []  # so that nothing is asked when it is registered

    def collect(self) -> Iterator[Metric]:
        with self._context.services.store.read() as connection:
            figures = read_figures(connection)
            uses = list_first_use(connection, limit=_MAX_SERIES)
            failures = list_step_failures(connection, limit=_MAX_SERIES)
        runs = GaugeMetricFamily("agentmesh_runs", "Runs in the store, by status.", labels=["status"])
        for status, count in figures.runs.items():
            runs.add_metric([status.value], count)
        yield runs
        yield GaugeMetricFamily("agentmesh_open_gates", "Gates that wait for a person.", figures.open_gates)
        yield GaugeMetricFamily(
            "agentmesh_open_gate_oldest_seconds", "Age of the oldest open gate.", figures.oldest_gate_seconds
        )
        yield GaugeMetricFamily(
            "agentmesh_unsubmitted_launches", "Launches that Dagster has not taken yet.", figures.unsubmitted_launches
        )
        yield GaugeMetricFamily(
            "agentmesh_unsubmitted_launch_oldest_seconds",
            "Age of the oldest launch that Dagster has not taken yet.",
            figures.oldest_unsubmitted_seconds,
        )
        yield from _sum_up(uses, failures)
        yield from self._ask_dagster()

    def _ask_dagster(self) -> Iterator[Metric]:
        instance = self._context.instance
        queued = instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
        yield GaugeMetricFamily("agentmesh_dagster_queued_runs", "Runs in Dagster's queue, of all locations.", queued)
        heard = read_heartbeat(instance)
        if heard is not None:
            yield GaugeMetricFamily(
                "agentmesh_dagster_daemon_heartbeat_age_seconds",
                "Since Dagster's daemon was heard of, which is every 30 seconds.",
                max(0.0, time.time() - heard),
            )


def _sum_up(uses: Sequence[ModelUse], failures: Sequence[tuple[str, str, int]]) -> Iterator[Metric]:
    """Counters since the store was made; they do not fall when old runs are deleted."""
    labels = ["workflow", "provider", "model"]
    calls = CounterMetricFamily("agentmesh_model_calls", "Answers of models, also unfit ones.", labels=labels)
    unfit = CounterMetricFamily("agentmesh_model_failures", "Those of them that were no use.", labels=labels)
    tokens = CounterMetricFamily("agentmesh_model_tokens", "Tokens that models took.", labels=[*labels, "direction"])
    cost = CounterMetricFamily("agentmesh_model_cost_usd", "What that cost, where prices are known.", labels=labels)
    for use in uses:
        place = [str(each) for each in (use.workflow_id, use.provider, use.model)]
        calls.add_metric(place, use.calls)
        unfit.add_metric(place, use.failures)
        tokens.add_metric([*place, "input"], use.input_tokens)
        tokens.add_metric([*place, "output"], use.output_tokens)
        cost.add_metric(place, use.usd)
    steps = CounterMetricFamily("agentmesh_step_failures", "Steps that failed, by why.", labels=["workflow", "code"])
    for workflow_id, code, count in failures:
        steps.add_metric([workflow_id, code], count)
    yield from (calls, unfit, tokens, cost, steps)
