"""What stands in the databases in the end, and whether the clients' book agrees with it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from shikanji.audit.run import Audit
from shikanji.kit.clock import DAY
from shikanji.kit.db.together import open_together, quoted
from shikanji.kit.service import Service
from tests.simulation.book import Book, KnownOrder
from tests.simulation.sometimes import SERVICES

COUNTED = (
    """SELECT 'cancelled: ' || cancel_cause, count(*) FROM "order".orders WHERE cancel_cause IS NOT NULL GROUP BY 1""",
    """SELECT 'ended ' || status || ' ' || payment_method, count(*) FROM "order".orders GROUP BY 1""",
    """SELECT 'ended ' || status || ' ' || fulfilment, count(*) FROM "order".orders GROUP BY 1""",
    """SELECT 'revival ' || state, count(*) FROM "order".revivals GROUP BY 1""",
    """SELECT 'refund ' || cause || ' ' || status, count(*) FROM payment.refunds GROUP BY 1""",
    """SELECT 'payment ' || provider || ' ' || status, count(*) FROM payment.payments GROUP BY 1""",
    """SELECT 'attempt ' || min(number, 3), count(*) FROM payment.payments GROUP BY 1""",
    """SELECT 'issued ' || kind, count(*) FROM payment.invoices GROUP BY 1""",
    """SELECT 'hold ' || state, count(*) FROM inventory.holds GROUP BY 1""",
    """SELECT 'tombstone', count(*) FROM inventory.holds WHERE state = 'released' AND lines = CAST('[]' AS BLOB)""",
    """SELECT 'slot ' || state, count(*) FROM store.slot_places GROUP BY 1""",
    """SELECT 'review ' || status, count(*) FROM review.reviews GROUP BY 1""",
    """SELECT 'benefits ' || state, count(*) FROM loyalty.benefit_holds GROUP BY 1""",
    *(
        f"SELECT 'tried again: ' || type, count(*) FROM {name}.inbox WHERE attempts > 1 GROUP BY 1"
        for name in map(quoted, SERVICES)
    ),
    *(
        f"SELECT 'still failing: ' || kind || ': ' || last_error, count(*) FROM {name}.jobs "
        "WHERE last_error IS NOT NULL GROUP BY 1"
        for name in map(quoted, (*SERVICES, "sandbox"))
    ),
    """SELECT 'webhook ' || state, count(*) FROM payment.webhooks GROUP BY 1""",
)


AGES = 10_000 * DAY


def violations(services: Sequence[Service], folder: Path, *, now: int, settled: bool) -> Iterator[str]:
    """What the audit says. Unless all is `settled`, only what must be so in every committed moment."""
    with closing(Audit(database_files(services, folder))) as audit:
        report = audit.run(now=now, quiet=0 if settled else AGES)
    for finding in report.findings:
        for violation in finding.violations:
            shown = f"{violation.id}: found {violation.found}, expected {violation.expected}"
            yield f"{finding.key} {finding.title}: {shown}"
    if settled:
        yield from (f"{count} {what} in the end" for what, count in report.open.items() if count)


def database_files(services: Sequence[Service], folder: Path) -> dict[str, Path]:
    return {service.name: folder / f"{service.name}.db" for service in services}


class Known(msgspec.Struct, frozen=True, array_like=True):
    """An order as the database has it."""

    id: str
    customer_id: str
    placed_by: str
    key: str
    status: str
    cause: str | None
    method: str
    steps: tuple[str, ...]


def facts(files: Mapping[str, Path]) -> tuple[list[Known], Counter[str]]:
    """Every order, and how often what came to pass."""
    with closing(open_together(files)) as connection:
        counted: Counter[str] = Counter()
        for statement in COUNTED:
            counted.update({name: count for name, count in connection.execute(statement) if count})
        steps: dict[str, list[str]] = {}
        for order_id, status in connection.execute(
            'SELECT order_id, status FROM "order".order_timeline ORDER BY order_id, version'
        ):
            steps.setdefault(order_id, []).append(status)
        rows = connection.execute(
            "SELECT id, customer_id, placed_by, idempotency_key, status, cancel_cause, payment_method "
            'FROM "order".orders ORDER BY id'
        ).fetchall()
    return [msgspec.convert((*row, steps.get(row[0], [])), Known) for row in rows], counted


def judge(book: Book, known: list[Known]) -> Iterator[str]:
    """What clients were promised and is not so, and what is there that nobody asked for."""
    yield from _each_once(book, known)
    by_id = {order.id: order for order in known}
    for order in book.orders.values():
        there = by_id.get(order.id)
        if there is None:
            yield f"order {order.id} was acknowledged and is not there"
            continue
        if not all(status in there.steps for status in order.reached):
            yield f"order {order.id} was answered {sorted(order.reached)} and has been {there.steps}"
        if list(there.steps[: len(order.timeline)]) != order.timeline:
            yield f"order {order.id} was read as {order.timeline} and has been {there.steps}"
        yield from _explained(book, order, there)


def _each_once(book: Book, known: list[Known]) -> Iterator[str]:
    keys = Counter((order.placed_by, order.key) for order in known)
    yield from (f"key {key} made {count} orders" for (_, key), count in keys.items() if count > 1)
    asked = {(placing.person.id, placing.key): placing for placing in book.placings}
    for order in known:
        placing = asked.get((order.placed_by, order.key))
        if placing is None:
            yield f"nobody asked for order {order.id}"
        elif placing.order_id and placing.order_id != order.id:
            yield f"key {order.key} was answered {placing.order_id} and made {order.id}"


def _explained(book: Book, order: KnownOrder, there: Known) -> Iterator[str]:
    """Why is it what it is?"""
    if there.cause in ("customer", "staff") and "cancelled" not in order.asked:
        yield f"order {order.id} is cancelled by {there.cause}, and nobody cancelled it"
    if there.cause == "payment_timeout" and there.method == "cod":
        yield f"order {order.id} is paid in cash and was cancelled for its payment"
    if there.cause == "out_of_stock" and not book.scarce:
        yield f"order {order.id} is out of stock, and nobody took any"
    if there.method == "online" and "confirmed" in there.steps and not order.paid:
        yield f"order {order.id} is confirmed, and nobody paid"
    for status in {*there.steps} & {"preparing", "ready", "dispatched", "delivered"}:
        if status not in order.asked:
            yield f"order {order.id} has been {status}, and nobody asked for that"
    if there.status == "pending":
        yield f"order {order.id} still waits for its money"
