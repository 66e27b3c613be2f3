"""A small OpenTelemetry collector: takes traces over HTTP, in protobuf, and keeps their spans."""

import gzip
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtobufSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

ARRIVES_WITHIN_SECONDS = 60


@dataclass(frozen=True)
class ReceivedSpan:
    name: str
    trace_id: str
    span_id: str
    parent_id: str  # "" of a root
    kind: str
    lasted: timedelta
    has_failed: bool
    message: str
    attributes: dict[str, Any]
    links: list[tuple[str, str]]
    service: str


@dataclass
class Collector:
    url: str = ""
    spans: list[ReceivedSpan] = field(default_factory=list[ReceivedSpan])

    def list_spans(self, run_id: str) -> list[ReceivedSpan]:
        """The spans of a run's trace so far."""
        return [span for span in self.spans if span.trace_id == run_id.replace("-", "")]

    def wait_for(self, run_id: str, is_there: Callable[[list[ReceivedSpan]], bool]) -> list[ReceivedSpan]:
        """The spans of a run's trace, as soon as it has what is waited for."""
        give_up = time.monotonic() + ARRIVES_WITHIN_SECONDS
        while not is_there(found := self.list_spans(run_id)):
            assert time.monotonic() < give_up, [span.name for span in found]
            time.sleep(0.02)
        return found


@contextmanager
def run_collector() -> Generator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            assert self.path == "/v1/traces"
            collector.spans += _read_spans(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        collector.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


def _read_spans(request: ExportTraceServiceRequest) -> list[ReceivedSpan]:
    found: list[ReceivedSpan] = []
    for part in request.resource_spans:
        resource = {pair.key: _read_value(pair.value) for pair in part.resource.attributes}
        for scope in part.scope_spans:
            found += [_read_span(span, str(resource["service.name"])) for span in scope.spans]
    return found


def _read_span(span: ProtobufSpan, service: str) -> ReceivedSpan:
    return ReceivedSpan(
        name=span.name,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        kind=ProtobufSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        lasted=timedelta(microseconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1_000),
        has_failed=span.status.code == Status.STATUS_CODE_ERROR,
        message=span.status.message,
        attributes={pair.key: _read_value(pair.value) for pair in span.attributes},
        links=[(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
        service=service,
    )


def _read_value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_read_value(item) for item in value.array_value.values]
    return getattr(value, str(kind))
