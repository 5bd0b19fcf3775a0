"""Running the audit over all databases of a platform."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from shikanji.audit import plain
from shikanji.audit.access import ACCESS
from shikanji.audit.analytics import ANALYTICS
from shikanji.audit.cards import Column, card_numbers, texts
from shikanji.audit.events import DELIVERED, event_invariants, lacking_events, open_letters
from shikanji.audit.facts import subscriptions
from shikanji.audit.invariant import SHOWN_MAX, Finding, Invariant, Report, Violation
from shikanji.audit.invoices import INVOICES
from shikanji.audit.loyalty import LOYALTY
from shikanji.audit.notification import NOTIFICATIONS
from shikanji.audit.orders import ORDERS
from shikanji.audit.payments import PAYMENTS
from shikanji.audit.purchases import PURCHASES
from shikanji.audit.review import REVIEWS
from shikanji.audit.since import TOUCHED, asks_whole, is_seen, touch
from shikanji.audit.stock import STOCK
from shikanji.audit.views import mark_young, prepare
from shikanji.kit.clock import to_rfc3339
from shikanji.kit.db.together import forbid_changes, open_together, quoted

Progress = Callable[[str, int, int], None]
"""Is told what has been checked last, and how many of how many have been."""


class Helpers(Protocol):
    """Who checks invariants elsewhere, in whatever order."""

    def check(self, invariants: Sequence[Invariant], before: int, now: int) -> Iterator[Finding]: ...


class Audit:
    """One look at all databases. `places` go by the service's name, and are files or URLs of PostgreSQL; the sandbox
    company's may be among them."""

    def __init__(self, places: Mapping[str, Path | str], *, since: int | None = None) -> None:
        """`since`: look only at what is new since then (µs), as `audit.since` says. Raises FileNotFoundError, or Unfit
        for a URL that leads to no database of ours."""
        self._names = [*places]
        self._map = subscriptions(self._names)
        self._connection = _open(places)
        self._look_at_one_moment()
        self._since = since
        self._times: dict[str, int] = {}
        self._rewritten = str if since is None else touch(self._connection, self._names, since)
        prepare(self._connection, self._rewritten)
        plain.prepare(self._connection)
        self._knows_odd = False

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

    def run(self, *, now: int, quiet: int, progress: Progress | None = None, helpers: Helpers | None = None) -> Report:
        """`now` and `quiet` in µs: quiescent invariants look at what is older than `now - quiet`. `helpers` look at
        everything instead of this process."""
        before, invariants = now - quiet, self.invariants
        findings = []
        checked = self._check_all(before, now) if helpers is None else helpers.check(invariants, before, now)
        for place, finding in enumerate(checked, start=1):
            findings.append(finding)
            if progress is not None:
                progress(finding.key, place, len(invariants))
        return Report(
            checked_at=to_rfc3339(now),
            settled_before=to_rfc3339(before),
            findings=findings,
            open=open_letters(self._connection, self._names),
            lacking=self._lacking(findings, before),
            since=None if self._since is None else to_rfc3339(self._since),
            unseen=[invariant.key for invariant in self._every if invariant not in invariants],
        )

    def _lacking(self, findings: Iterable[Finding], before: int) -> dict[str, list[str]]:
        """Asked only where an event was found to be lacking: it is all that an invariant has been asked already."""
        if not any(finding.count for finding in findings if finding.key.split()[0] == DELIVERED):
            return {}
        return lacking_events(self._connection, self._map, before, self._rewritten)

    def _check_all(self, before: int, now: int) -> Iterator[Finding]:
        self.judge_what_is_before(before, now)
        yield from map(self.check, self.invariants)

    def judge_what_is_before(self, before: int, now: int) -> None:
        """What `check` is to look at (µs): what is younger than `before` need not have settled."""
        self._times = {"before": before, "now": now}
        with self._changes():
            mark_young(self._connection, before, self._rewritten)

    def check(self, invariant: Invariant) -> Finding:
        started = time.monotonic()
        if invariant.of_odd and not self._knows_odd:
            self._find_odd()
        rows = self._violations(invariant)
        shown = [Violation(*(str(value) for value in row)) for row in islice(rows, SHOWN_MAX)]
        count = len(shown) + sum(1 for _ in rows)
        milliseconds = round((time.monotonic() - started) * 1_000)
        return Finding(invariant.key, invariant.title, invariant.scope, count, shown, milliseconds)

    def _find_odd(self) -> None:
        with self._changes():
            if self._since is None:
                plain.find_odd(self._connection, self._names)
            else:
                plain.take_all(self._connection, TOUCHED)
        self._knows_odd = True

    @contextmanager
    def _changes(self) -> Iterator[None]:
        """To what is temporary: within, our own tables can be filled."""
        forbid_changes(self._connection, really=False)
        try:
            yield
        finally:
            forbid_changes(self._connection)

    def _violations(self, invariant: Invariant) -> Iterator[Any]:
        if invariant.judge is not None:
            return invariant.judge(self._ask)
        rows: Iterator[Any] = self._ask(invariant.sql, whole=asks_whole(invariant))
        return rows if invariant.looks_in is None else card_numbers(rows, *invariant.looks_in)

    def _ask(self, statement: str, *, whole: bool = False) -> Any:
        given = {name: value for name, value in self._times.items() if f":{name}" in statement}
        return self._connection.execute(statement if whole else self._rewritten(statement), given)

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

    def _tables(self, name: str) -> list[tuple[str, list[Column]]]:
        """Each with its columns that can hold text."""
        rows: list[Any] = self._connection.execute(
            f"""SELECT m.name, c.name, c."notnull"
            FROM {quoted(name)}.sqlite_master m, pragma_table_info(m.name, ?) c
            WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND c.type IN ('TEXT', 'BLOB') ORDER BY 1, c.cid""",
            (name,),
        ).fetchall()
        tables: dict[str, list[Column]] = {}
        for table, column, is_needed in rows:
            tables.setdefault(table, []).append(Column(column, not is_needed))
        return list(tables.items())


def _open(places: Mapping[str, Path | str]) -> Any:
    urls = {name: place for name, place in places.items() if isinstance(place, str)}
    if not urls:
        return open_together({name: place for name, place in places.items() if isinstance(place, Path)})
    from shikanji.kit.db.copied import copy_together

    return copy_together(urls)
