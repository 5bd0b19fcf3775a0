"""Running the audit over all databases of a platform."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from shikanji.audit.access import ACCESS
from shikanji.audit.analytics import ANALYTICS
from shikanji.audit.cards import card_numbers, texts
from shikanji.audit.events import event_invariants, lacking_events, open_letters
from shikanji.audit.invariant import SHOWN_MAX, Finding, Invariant, Report, Violation
from shikanji.audit.invoices import INVOICES
from shikanji.audit.loyalty import LOYALTY
from shikanji.audit.notification import NOTIFICATIONS
from shikanji.audit.orders import ORDERS
from shikanji.audit.payments import PAYMENTS
from shikanji.audit.purchases import PURCHASES
from shikanji.audit.review import REVIEWS
from shikanji.audit.since import asks_whole, is_seen, touch
from shikanji.audit.stock import STOCK
from shikanji.audit.views import prepare
from shikanji.kit.clock import to_rfc3339
from shikanji.kit.db.together import forbid_changes, open_together, quoted
from shikanji.kit.service import Service

Progress = Callable[[Invariant, int, int], None]
Cards = Callable[[], list[Finding]]


class Audit:
    """One look at all databases. `places` go by the service's name, and are files or URLs of PostgreSQL; the sandbox
    company's may be among them."""

    def __init__(
        self, services: Sequence[Service], places: Mapping[str, Path | str], *, since: int | None = None
    ) -> None:
        """`since`: look only at what is new since then (µs), as `audit.since` says. Raises FileNotFoundError, or Unfit
        for a URL that leads to no database of ours."""
        self._services = services
        self._names = [service.name for service in services]
        self._map = subscriptions(services)
        self._connection = _open(places)
        self._look_at_one_moment()
        self._since = since
        self._rewritten = str if since is None else touch(self._connection, self._names, since)
        prepare(self._connection, self._rewritten)
        forbid_changes(self._connection)

    def _look_at_one_moment(self) -> None:
        """From here on every database is seen as it is now, whatever is written meanwhile."""
        self._connection.execute("BEGIN")
        for name in self._names:
            self._connection.execute(f"SELECT count(*) FROM {quoted(name)}.leases").fetchone()

    def close(self) -> None:
        self._connection.close()

    @property
    def invariants(self) -> list[Invariant]:
        """Those that are asked."""
        return [invariant for invariant in self._every if self._since is None or is_seen(invariant)]

    @property
    def _every(self) -> list[Invariant]:
        every = [
            *ORDERS,
            *STOCK,
            *PURCHASES,
            *PAYMENTS,
            *INVOICES,
            *LOYALTY,
            *NOTIFICATIONS,
            *REVIEWS,
            *ANALYTICS,
            *ACCESS,
            *self._no_cards(),
            *event_invariants(self._names, self._map),
        ]
        return [invariant for invariant in every if invariant.needs is None or invariant.needs in self._names]

    def last_activity(self) -> int:
        """When anything was recorded or received last (µs): of a platform that stands, the end of its time."""
        newest = 0
        for name in self._names:
            db = quoted(name)
            # The newest of both by their keys: nobody reads a long history to its end for that.
            row = self._connection.execute(
                f"""SELECT max(coalesce((SELECT occurred_at FROM {db}.outbox ORDER BY seq DESC LIMIT 1), 0), coalesce((
                    SELECT max(received_at) FROM (SELECT received_at FROM {db}.inbox ORDER BY event_id DESC LIMIT 1000)
                    ), 0))"""
            ).fetchone()
            newest = max(newest, row[0])
        return newest

    def run(self, *, now: int, quiet: int, progress: Progress | None = None, cards: Cards | None = None) -> Report:
        """`now` and `quiet` in µs: quiescent invariants look at what is older than `now - quiet`. `cards` answers with
        what somebody else has found who looks for card numbers at the same time."""
        before, invariants = now - quiet, self.invariants
        findings = []
        for place, invariant in enumerate(invariants):
            if progress is not None:
                progress(invariant, place, len(invariants))
            if cards is None or invariant.looks_in is None:
                findings.append(self._check(invariant, before, now))
        findings += cards() if cards is not None else []
        return Report(
            checked_at=to_rfc3339(now),
            settled_before=to_rfc3339(before),
            findings=findings,
            open=open_letters(self._connection, self._names),
            lacking=lacking_events(self._connection, self._map, before, self._rewritten),
            since=None if self._since is None else to_rfc3339(self._since),
            unseen=[invariant.key for invariant in self._every if invariant not in invariants],
        )

    def cards(self) -> list[Finding]:
        """Card numbers alone, which are half of the work of a whole audit and no question of time."""
        return [self._check(invariant, 0, 0) for invariant in self.invariants if invariant.looks_in is not None]

    def _check(self, invariant: Invariant, before: int, now: int) -> Finding:
        started = time.monotonic()
        named = {"before": before, "now": now}
        given = {name: value for name, value in named.items() if f":{name}" in invariant.sql}
        sql = invariant.sql if asks_whole(invariant) else self._rewritten(invariant.sql)
        rows: Iterator[Any] = self._connection.execute(sql, given)
        if invariant.looks_in is not None:
            rows = card_numbers(rows, *invariant.looks_in)
        shown = [Violation(*(str(value) for value in row)) for row in islice(rows, SHOWN_MAX)]
        count = len(shown) + sum(1 for _ in rows)
        milliseconds = round((time.monotonic() - started) * 1_000)
        return Finding(invariant.key, invariant.title, invariant.scope, count, shown, milliseconds)

    def _no_cards(self) -> Iterable[Invariant]:
        """Invariant 48, a statement per table: no column that can hold text holds a card number."""
        for name in self._names:
            for table, columns in self._tables(name):
                yield Invariant(
                    f"48 {name}.{table}",
                    f"no card number in {name}'s {table}",
                    "live",
                    texts(name, table, columns),
                    looks_in=(table, tuple(columns)),
                )

    def _tables(self, name: str) -> list[tuple[str, list[str]]]:
        rows: list[Any] = self._connection.execute(
            f"SELECT m.name, c.name FROM {quoted(name)}.sqlite_master m, pragma_table_info(m.name, ?) c "
            "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND c.type IN ('TEXT', 'BLOB') ORDER BY 1, c.cid",
            (name,),
        ).fetchall()
        tables: dict[str, list[str]] = {}
        for table, column in rows:
            tables.setdefault(table, []).append(column)
        return list(tables.items())


def _open(places: Mapping[str, Path | str]) -> Any:
    urls = {name: place for name, place in places.items() if isinstance(place, str)}
    if not urls:
        return open_together({name: place for name, place in places.items() if isinstance(place, Path)})
    from shikanji.kit.db.copied import copy_together

    return copy_together(urls)


def subscriptions(services: Sequence[Service]) -> dict[str, dict[str, str]]:
    """Subscriber → event type → the service that publishes it."""
    published = {kind.__name__: service.name for service in services for kind in service.publishes}
    return {
        service.name: {kind: published[kind] for kind in service.subscribers.kinds if kind in published}
        for service in services
        if service.subscribers.kinds
    }
