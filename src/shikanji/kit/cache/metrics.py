"""Whether the cache is there, and what was not done without it."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from shikanji.kit.cache import Cache


class CacheMetrics:
    def __init__(self, registry: CollectorRegistry, cache: Cache) -> None:
        self._cache = cache
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked of the cache at registration."""
        return []

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("shikanji_cache_up", "1: the cache answers", float(not self._cache.away))
        lost = CounterMetricFamily(
            "shikanji_cache_lost", "Operations not done because the cache was away", labels=["operation"]
        )
        for operation, count in self._cache.lost.items():
            lost.add_metric([operation], count)
        yield lost
