"""What the gateway tells about requests: metrics, and one log line each. Neither holds headers, bodies or queries."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from shikanji.gateway.table import Target
from shikanji.kit.clock import SECOND, to_rfc3339
from shikanji.kit.telemetry.logs import write_batch
from shikanji.kit.telemetry.metrics import SECONDS_BUCKETS

LOG_DELAY_SECONDS = 0.1
LOG_LINES_MAX = 512

UpstreamState = tuple[str, bool, str, int]
"""Url, healthy, state of the breaker, requests in flight."""


class _Cell:
    """The requests of one route that ended with one status."""

    __slots__ = ("buckets", "count", "seconds")

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self.buckets = [0] * (len(SECONDS_BUCKETS) + 1)


class Observations:
    """Counted in plain numbers on the event loop, where scraping happens too, so no lock is paid for."""

    def __init__(
        self,
        registry: CollectorRegistry,
        upstreams: Mapping[str, Callable[[], Sequence[UpstreamState]]],
        counted_alone: Callable[[], int],
    ) -> None:
        self._upstreams = upstreams
        self._counted_alone = counted_alone
        self._cells: dict[tuple[Target, str, int], _Cell] = {}
        self.cache_hits = 0
        self.cache_misses = 0
        self.in_flight = 0
        registry.register(self)

    def request(self, target: Target, method: str, status: int, seconds: float) -> None:
        key = (target, method, status)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = _Cell()
        cell.count += 1
        cell.seconds += seconds
        cell.buckets[bisect_left(SECONDS_BUCKETS, seconds)] += 1

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked of us at registration."""
        return []

    def collect(self) -> Iterator[Metric]:
        yield from self._requests()
        cache = CounterMetricFamily(
            "shikanji_gateway_cache", "Answers from memory, and those asked for", labels=["result"]
        )
        cache.add_metric(["hit"], self.cache_hits)
        cache.add_metric(["miss"], self.cache_misses)
        yield cache
        yield CounterMetricFamily(
            "shikanji_gateway_counted_alone",
            "Requests limited by this gateway alone: the shared cache was away",
            self._counted_alone(),
        )
        yield GaugeMetricFamily("shikanji_gateway_in_flight", "Requests being answered", self.in_flight)
        yield from self._copies()

    def _requests(self) -> Iterator[Metric]:
        labels = ["method", "route", "service", "status"]
        requests = CounterMetricFamily("shikanji_http_requests", "Requests answered", labels=labels)
        seconds = HistogramMetricFamily("shikanji_http_request_seconds", "Seconds to the answer's end", labels=labels)
        for (target, method, status), cell in self._cells.items():
            values = [method, target.path, target.service, str(status)]
            requests.add_metric(values, cell.count)
            seconds.add_metric(values, _cumulative(cell), cell.seconds)
        yield requests
        yield seconds

    def _copies(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("shikanji_upstream_up", "1: this copy may be asked", labels=["service", "copy"])
        busy = GaugeMetricFamily("shikanji_upstream_in_flight", "Requests sent to it", labels=["service", "copy"])
        for service, states in self._upstreams.items():
            for url, healthy, breaker, in_flight in states():
                up.add_metric([service, url], float(healthy and breaker != "open"))
                busy.add_metric([service, url], in_flight)
        yield up
        yield busy


class RequestLine(msgspec.Struct, frozen=True):
    timestamp: str
    level: str
    event: str
    method: str
    route: str
    status: int
    ms: float
    principal: str
    correlation_id: str


class RequestLog:
    """Lines are made and written together, at most a tenth of a second late: one at a time they would cost more than a
    cached answer."""

    def __init__(self, write: Callable[[Sequence[msgspec.Struct]], None] = write_batch) -> None:
        self._write = write
        self._entries: list[tuple[int, str, str, int, float, str, str]] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(
        self, at: int, method: str, route: str, status: int, seconds: float, principal: str, correlation_id: str
    ) -> None:
        self._entries.append((at, method, route, status, seconds, principal, correlation_id))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LOG_DELAY_SECONDS, self.flush)
        elif len(self._entries) >= LOG_LINES_MAX:
            self.flush()

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        entries, self._entries = self._entries, []
        if entries:
            self._write(_lines(entries))


def _lines(entries: Sequence[tuple[int, str, str, int, float, str, str]]) -> list[RequestLine]:
    """The date is written once per second, not once per line."""
    lines, second, date = [], -1, ""
    for at, method, route, status, seconds, principal, correlation_id in entries:
        if at // SECOND != second:
            second = at // SECOND
            date = to_rfc3339(second * SECOND).partition(".")[0]
        timestamp = f"{date}.{at % SECOND:06d}Z"
        ms = round(seconds * 1_000, 2)
        lines.append(RequestLine(timestamp, "info", "request", method, route, status, ms, principal, correlation_id))
    return lines


def _cumulative(cell: _Cell) -> list[tuple[str, float]]:
    total, buckets = 0, []
    for edge, count in zip((*SECONDS_BUCKETS, float("inf")), cell.buckets, strict=True):
        total += count
        buckets.append(("+Inf" if edge == float("inf") else str(edge), float(total)))
    return buckets
