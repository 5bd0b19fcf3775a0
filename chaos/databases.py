"""Direct work on a service's database, as one of its processes would do it: a transaction that takes its time, and
events by the hundred thousand."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import LiteralString

import psycopg
import sqlalchemy as sa

from bench.shop import STOCK_FOR_EVERYONE
from shikanji import sandbox
from shikanji.house import SERVICES
from shikanji.kit.clock import SystemClock, to_rfc3339
from shikanji.kit.db.opening import open_direct
from shikanji.kit.db.port import DirectDatabase
from shikanji.kit.db.transaction import Ground
from shikanji.kit.db.tx import Tx
from shikanji.kit.ids import Ids
from shikanji.kit.secrets import DerivedSecrets
from shikanji.services import inventory
from shikanji.services.inventory import actions
from shikanji.services.inventory.actions.stock import Adjustment
from tests.harness import SECRET

SELECT_COUNT: LiteralString = "SELECT count(*) FROM outbox WHERE "
ADJUSTED_AT_ONCE = 500
CROWDED = STOCK_FOR_EVERYONE // 2
"""Pieces of one product: where there are so many, the crowd buys."""
ANY_STOCK_ELSEWHERE = """
SELECT product_id, store_id FROM stock
WHERE store_id NOT IN (SELECT store_id FROM stock WHERE on_hand >= %s) AND on_hand > 0 ORDER BY id LIMIT 1"""


class Elsewhere:
    """A piece of stock in a store in which nobody of the crowd buys."""

    def __init__(self, template: str) -> None:
        """`template`: the URL of the databases with `{service}` in it."""
        self._template = template
        with psycopg.connect(template.replace("{service}", inventory.service.name)) as connection:
            found = connection.execute(ANY_STOCK_ELSEWHERE, (CROWDED,)).fetchone()
        assert found is not None
        self._product_id, self._store_id = found

    def hold_open(self, seconds: float) -> None:
        """One adjustment, whose outbox row is written long before it is committed."""

        def slow(tx: Tx) -> None:
            self._adjust(tx, 1)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                # It is at work: one that is idle would be ended.
                tx.execute(sa.select(sa.func.pg_sleep(min(1, seconds))))

        with self._database() as db:
            db.write(slow)

    def record(self, count: int) -> None:
        """So many events, each of an adjustment."""

        def some(tx: Tx) -> None:
            for number in range(ADJUSTED_AT_ONCE):
                self._adjust(tx, 1 if number % 2 else -1)

        with self._database() as db:
            for _ in range(0, count, ADJUSTED_AT_ONCE):
                db.write(some)

    def _adjust(self, tx: Tx, delta: int) -> None:
        actions.adjust_stock(
            tx,
            Adjustment(store_id=self._store_id, product_id=self._product_id, delta=delta, reason="counted", by="chaos"),
        )

    @contextmanager
    def _database(self) -> Iterator[DirectDatabase]:
        clock = SystemClock()
        ground = Ground(
            service=inventory.service.name,
            clock=clock,
            ids=Ids(clock),
            secrets=DerivedSecrets(SECRET.encode()),
            settings=inventory.service.settings(),
        )
        db = open_direct(self._template, ground)
        try:
            yield db
        finally:
            db.close()


def count_events(template: str) -> int:
    """In all outboxes together."""
    return _count(template, "TRUE")


def count_unsent(template: str, since: int) -> int:
    """Events of before the time `since` (µs) that no bus which was made after it has been told of."""
    return _count(
        template,
        "occurred_at < %(since)s AND (published_at IS NULL OR published_under < %(made)s)",
        {"since": since, "made": to_rfc3339(since)},
    )


def holder_of_relay(template: str, service: str) -> int | None:
    """The process that leads a service's relay, if any does."""
    with psycopg.connect(template.replace("{service}", service)) as connection:
        row = connection.execute("SELECT holder FROM leases WHERE name = 'relay' AND holder <> ''").fetchone()
    return None if row is None else int(row[0].split(":")[1])


def _count(template: str, which: LiteralString, named: Mapping[str, object] | None = None) -> int:
    total = 0
    for service in (*SERVICES, sandbox.service):
        with psycopg.connect(template.replace("{service}", service.name)) as connection:
            row = connection.execute(SELECT_COUNT + which, named).fetchone()
            assert row is not None
            total += row[0]
    return total
