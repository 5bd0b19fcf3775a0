"""Traces by OpenTelemetry, off unless `install` was called. Off, a span costs one comparison and imports nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

Kind = Literal["internal", "server", "client"]

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_OFF: AbstractContextManager[None] = nullcontext()


class Tracing:
    """Spans sent in batches by a thread of their own; a collector that does not answer costs them and nothing else."""

    def __init__(self, exporter: SpanExporter, *, service: str, version: str) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        resource = Resource({"service.name": service, "service.version": version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("shikanji")

    @contextmanager
    def span(self, name: str, kind: Kind, traceparent: str, attributes: dict[str, str | int]) -> Iterator[Span]:
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        parent = TraceContextTextMapPropagator().extract({"traceparent": traceparent}) if traceparent else None
        with self._tracer.start_as_current_span(
            name, context=parent, kind=SpanKind[kind.upper()], attributes=attributes
        ) as span:
            yield span

    def stop(self) -> None:
        """Sends what is left and ends the thread."""
        self._provider.shutdown()


_tracing: Tracing | None = None


def install(tracing: Tracing | None) -> None:
    """Process-wide, as logging is: `None` turns tracing off again."""
    global _tracing
    _tracing = tracing


def to_collector(endpoint: str, *, service: str, version: str) -> Tracing:
    """Tracing to an OTLP/HTTP collector, `http://host:4318`."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return Tracing(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces"), service=service, version=version)


def tracing() -> bool:
    return _tracing is not None


def span(
    name: str, kind: Kind = "internal", *, traceparent: str = "", **attributes: str | int
) -> AbstractContextManager[Span | None]:
    """`with span("call inventory.HoldStock", "client"):` under the current span, or under `traceparent` when given."""
    if _tracing is None:
        return _OFF
    return _tracing.span(name, kind, traceparent, attributes)


def current_traceparent() -> str:
    """The header that carries the current span on to the next process; empty when there is none."""
    if _tracing is None:
        return ""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent", "")


def valid_traceparent(text: str) -> str:
    """`text` when it is a W3C trace context of version 00, else nothing."""
    return text if _TRACEPARENT.fullmatch(text) else ""
