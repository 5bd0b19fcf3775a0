"""Metrics of what goes on behind the requests: databases, outboxes, inboxes, jobs."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from shikanji.kit.workers import Standing, Workers

REFRESH_SECONDS = 10.0

_STANDING = {
    "unpublished": ("shikanji_outbox_unpublished", "Events that have not left yet"),
    "unpublished_seconds": ("shikanji_outbox_oldest_seconds", "How long the oldest of them has been waiting"),
    "waiting": (
        "shikanji_inbox_waiting",
        "Events whose handlers failed and what waits behind them",
    ),
    "dead": ("shikanji_inbox_dead", "Events that were given up; an operator retries or discards them"),
    "late_jobs": ("shikanji_jobs_late", "Jobs that are due and run nowhere"),
    "works_running": ("shikanji_jobs_running", "Pieces of outside work under way"),
}
_LOAD = {
    "units": ("shikanji_db_units", "Units of work that were committed or refused"),
    "commits": ("shikanji_db_commits", "Commits that carried them"),
    "refused": ("shikanji_db_refused", "Units that found the queue full"),
}


class Backstage:
    """What needs a query is as old as the last `refresh`; scraping itself touches no database."""

    def __init__(self, registry: CollectorRegistry, workers: Mapping[str, Workers]) -> None:
        self._workers = workers
        self._standing: dict[str, Standing] = {}
        registry.register(self)

    async def refresh(self) -> int:
        """A step for a loop (`kit.drive`): reads every service once."""
        for name, workers in self._workers.items():
            self._standing[name] = await workers.standing()
        return 0

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        for field, (name, text) in _STANDING.items():
            gauge = GaugeMetricFamily(name, text, labels=["service"])
            for service, standing in self._standing.items():
                gauge.add_metric([service], getattr(standing, field))
            yield gauge
        queued = GaugeMetricFamily("shikanji_db_units_waiting", "Units that wait for their commit", labels=["service"])
        for service, workers in self._workers.items():
            queued.add_metric([service], workers.db.load.units_waiting)
        yield queued
        for field, (name, text) in _LOAD.items():
            counter = CounterMetricFamily(name, text, labels=["service"])
            for service, workers in self._workers.items():
                counter.add_metric([service], getattr(workers.db.load, field))
            yield counter
