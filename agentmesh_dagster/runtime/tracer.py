"""OpenTelemetry's SDK, set up by its standard variables; nothing of it is imported unless they ask for traces.

All spans of a run are of one trace, whichever process and launch they come from: ids follow from those of run and step.
"""

import hashlib
import logging
import os
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from multiprocessing import util
from typing import TYPE_CHECKING, Any

from agentmesh_dagster.settings import TRACE_ID, Settings

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

_log = logging.getLogger(__name__)

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_TIMEOUTS = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
_TIMEOUT_SECONDS = 3  # unless a variable says otherwise: so long a worker that ends waits for a collector that is away
_CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_WITH_CONTENT = ("true", "1", "span_only", "span_and_event")

Attributes = Mapping[str, str | int | float | bool | Sequence[str]]


@dataclass(frozen=True)
class Span:
    """One span, once it is over."""

    name: str
    begun: datetime
    ended: datetime
    attributes: Attributes
    key: str | None = None  # what its id follows from; without one it is random
    parent: str | None = None  # the key of the span around it; None: this is the run itself
    is_call: bool = False  # of another system
    error: str | None = None
    links: Sequence[tuple[str, str]] = field(default=())  # to spans of other runs: run id and key


def wants_traces(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether somebody has said where traces go."""
    is_off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not is_off and environment.get("OTEL_TRACES_EXPORTER") != "none" and _find(_ENDPOINTS, environment) != ""


def wants_content(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether spans may hold what was said to models and tools."""
    return environment.get(_CONTENT, "").lower() in _WITH_CONTENT


def list_tracer_modules() -> Sequence[str]:
    """What the first span makes a process import, if there is to be one."""
    modules = ("opentelemetry.sdk.trace.export", f"opentelemetry.exporter.otlp.proto.{_find_protocol()}.trace_exporter")
    return [module for module in modules if wants_traces() and _is_installed(module)]


def name_trace(run_id: str) -> str:
    """The id of a run's trace, in hexadecimal digits: that of the run without its dashes."""
    try:
        return uuid.UUID(run_id).hex
    except ValueError:
        return hashlib.sha256(run_id.encode()).hexdigest()[:32]


def link_trace(settings: Settings, run_id: str) -> str | None:
    """The page of a run's trace; None where nobody has said where traces are looked at."""
    return settings.trace_url and settings.trace_url.replace(TRACE_ID, name_trace(run_id))


def write_spans(run_id: str, spans: Sequence[Span]) -> None:
    """Hands the spans of a run to the SDK, which sends them from a thread of its own."""
    if (writer := _open_writer(os.getpid())) is not None:
        for span in spans:
            writer.write(run_id, span)


@cache
def _open_writer(_process: int) -> "_Writer | None":
    """By each process for itself; None where the SDK is not installed, which is said once."""
    try:
        return _Writer()
    except ModuleNotFoundError as missing:
        _log.warning("No traces are sent: install `agentmesh-dagster[otel]` (there is no module `%s`).", missing.name)
        return None


class _Writer:
    def __init__(self) -> None:
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._ids = _build_ids()
        resource = Resource.create()
        if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):  # no variable names it
            resource = resource.merge(Resource({SERVICE_NAME: "agentmesh"}))
        self._provider: TracerProvider = TracerProvider(
            resource=resource, id_generator=self._ids, shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(_build_exporter()))
        # Not by `atexit`, which a process of multiprocessing's leaves out.
        util.Finalize(None, self._provider.shutdown, exitpriority=10)
        self._tracer = self._provider.get_tracer("agentmesh", version("agentmesh-dagster"))

    def write(self, run_id: str, span: Span) -> None:
        from opentelemetry import trace
        from opentelemetry.context import Context

        parent = None if span.parent is None else trace.NonRecordingSpan(self._refer(run_id, span.parent))
        self._ids.choose(int(name_trace(run_id), 16), None if span.key is None else _number(run_id, span.key))
        written = self._tracer.start_span(
            span.name,
            context=Context() if parent is None else trace.set_span_in_context(parent, Context()),
            kind=trace.SpanKind.CLIENT if span.is_call else trace.SpanKind.INTERNAL,
            attributes=span.attributes,
            links=[trace.Link(self._refer(*link)) for link in span.links],
            start_time=_nanoseconds(span.begun),
        )
        if span.error is not None:
            written.set_status(trace.StatusCode.ERROR, span.error)
        written.end(_nanoseconds(span.ended))

    def _refer(self, run_id: str, key: str) -> "SpanContext":
        """A span that another process may have written, or will write."""
        from opentelemetry import trace

        trace_id = int(name_trace(run_id), 16)
        is_sampled = self._provider.sampler.should_sample(None, trace_id, "").decision.is_sampled()
        flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if is_sampled else trace.TraceFlags.DEFAULT)
        return trace.SpanContext(trace_id, _number(run_id, key), is_remote=True, trace_flags=flags)


def _build_exporter() -> Any:
    module = import_module(f"opentelemetry.exporter.otlp.proto.{_find_protocol()}.trace_exporter")
    return module.OTLPSpanExporter(**({} if _find(_TIMEOUTS) else {"timeout": _TIMEOUT_SECONDS}))


def _build_ids() -> Any:
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class ChosenIds(RandomIdGenerator):
        """The ids that were chosen for the span that this thread begins next."""

        def __init__(self) -> None:
            self._chosen = threading.local()

        def choose(self, trace_id: int, span_id: int | None) -> None:
            self._chosen.trace_id, self._chosen.span_id = trace_id, span_id

        def generate_trace_id(self) -> int:
            return self._chosen.trace_id

        def generate_span_id(self) -> int:
            return self._chosen.span_id or super().generate_span_id()

    return ChosenIds()


def _find_protocol() -> str:
    return "grpc" if _find(_PROTOCOLS) == "grpc" else "http"


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package around it
        return False


def _number(run_id: str, key: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{run_id}/{key}".encode()).digest()[:8]) or 1


def _nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1_000


def _find(names: Sequence[str], environment: Mapping[str, str] = os.environ) -> str:
    return next((value for name in names if (value := environment.get(name, ""))), "")
