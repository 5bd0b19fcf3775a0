"""Metrics of the bus, as this process sees it."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from shikanji.kit.bus import Bus

_GAUGES = {
    "connected": ("shikanji_bus_connected", "1 while events can travel"),
    "full": ("shikanji_bus_full", "1 while the bus takes no more events; the relays wait"),
}
_COUNTERS = {
    "disconnects": ("shikanji_bus_disconnects", "Connections to the bus that were lost"),
    "published": ("shikanji_bus_published", "Events that the bus answered for"),
    "refused": ("shikanji_bus_refused", "Batches that it did not, or not surely, take"),
    "received": ("shikanji_bus_received", "Events that inboxes took from it"),
    "returned": ("shikanji_bus_returned", "Events that an inbox could not take just then"),
    "remade": ("shikanji_bus_remade", "Streams and consumers that were missing and were made"),
}


class BusMetrics:
    def __init__(self, registry: CollectorRegistry, bus: Bus) -> None:
        self._traffic = bus.traffic
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        for field, (name, text) in _GAUGES.items():
            yield GaugeMetricFamily(name, text, value=float(getattr(self._traffic, field)))
        for field, (name, text) in _COUNTERS.items():
            yield CounterMetricFamily(name, text, value=getattr(self._traffic, field))
