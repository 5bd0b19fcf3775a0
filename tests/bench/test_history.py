"""A history that was made is as one that was lived: whole by every invariant, and its old events can be forgotten."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pysqlite3
import pytest

from bench.history.__main__ import make
from shikanji import commands
from shikanji.audit.invariant import Report
from shikanji.audit.run import Audit
from shikanji.audit.sharing import shared
from shikanji.configuration import Configuration
from shikanji.house import settings_kinds
from shikanji.kit.clock import DAY, SystemClock
from shikanji.kit.db.together import SqliteError
from tests.harness import ALL, MovingClock, open_platform
from tests.scenarios.corruptions import corrupt

ORDERS = 100

# Invariant, database, what is done to one order that is plain but for that, and what the violation's id begins with.
ALONE = [
    ("2c", "order", "UPDATE orders SET deadline = placed_at WHERE id = '{order}'", "{order}"),
    ("3", "payment", "UPDATE refunds SET order_id = '{order}' WHERE id = (SELECT min(id) FROM refunds)", "{order}"),
    ("4b", "payment", "UPDATE payments SET amount = amount + 100 WHERE id = '{payment}'", "{payment}"),
    ("4c", "payment", "UPDATE invoices SET total = total + 2 WHERE number = '{number}'", "{number}"),
    (
        "5a",
        "order",
        "UPDATE orders SET placed_by = 'one', idempotency_key = 'k', placed_at = 0 WHERE id IN ('{order}', '{other}')",
        "{order}",
    ),
    ("10a", "inventory", "UPDATE movements SET attempt = 9 WHERE order_id = '{order}'", "{order}/1"),
    (
        "10b",
        "inventory",
        "UPDATE movements SET delta = delta + 1 WHERE kind = 'restock' AND order_id = '{cancelled}'",
        "{cancelled}/1",
    ),
    ("11b", "inventory", "UPDATE holds SET order_id = 'nobody' WHERE order_id = '{order}'", "nobody"),
    (
        "14b",
        "payment",
        "UPDATE refunds SET payment_id = '{payment}' WHERE id = (SELECT max(id) FROM refunds)",
        "{payment}",
    ),
    ("16", "payment", "UPDATE payments SET order_id = '{order}', number = 2 WHERE order_id = '{other}'", "{order}"),
    ("17", "payment", "UPDATE payments SET order_id = 'nobody' WHERE id = '{payment}'", "{payment}"),
    ("24a", "loyalty", "UPDATE earnings SET points = points + 1 WHERE order_id = '{order}'", "{order}"),
    ("24a", "loyalty", "UPDATE earnings SET pending = 1 WHERE order_id = '{cancelled}'", "{cancelled}"),
    ("35b", "customer", "UPDATE counted SET amount = amount + 1 WHERE id = '{payment}'", "{payment}"),
    ("35b", "customer", "UPDATE counted SET customer_id = 'nobody' WHERE id = '{order}'", "{order}"),
    ("35b", "customer", "INSERT INTO counted VALUES ('order', 'no order', '', 0)", "no order"),
    ("35b", "customer", "INSERT INTO counted VALUES ('payment', 'no payment', '', 0)", "no payment"),
    ("35b", "customer", "INSERT INTO counted VALUES ('visit', 'no money', '', 0)", "no money"),
    ("35f", "analytics", "UPDATE order_facts SET total = total + 1 WHERE order_id = '{order}'", "{order}"),
    ("35f", "analytics", "UPDATE order_facts SET counted = 1 WHERE order_id = '{cancelled}'", "{cancelled}"),
    ("35g", "analytics", "UPDATE order_facts SET refunded = 1 WHERE order_id = '{order}'", "{order}"),
    ("40a", "payment", "UPDATE invoices SET payment_id = 'another' WHERE number = '{number}'", "{payment}"),
    ("40e", "payment", "UPDATE invoices SET order_id = 'nobody' WHERE number = '{number}'", "{number}"),
    ("43", "payment", "UPDATE dues SET store_id = 'another' WHERE order_id = '{order}'", "{order}"),
    ("43", "payment", "UPDATE payments SET store_id = 'another' WHERE id = '{payment}'", "{order}"),
    ("43i", "payment", "UPDATE invoices SET customer_id = 'another' WHERE number = '{number}'", "{number}"),
]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("history") / "data"
    make(folder, ORDERS, customers=1)
    return folder


def audit(folder: Path) -> Report:
    with closing(Audit({service.name: folder / f"{service.name}.db" for service in ALL})) as look:
        return look.run(now=SystemClock().now(), quiet=0)


def query(folder: Path, service: str, sql: str) -> list[Any]:
    with closing(pysqlite3.connect(folder / f"{service}.db")) as connection:
        rows: list[Any] = connection.execute(sql).fetchall()
        connection.commit()
        return rows


def found(report: Report) -> list[Any]:
    return [(finding.key, finding.violations[:3]) for finding in report.findings if finding.count]


def test_a_made_history_is_whole(history: Path) -> None:
    assert found(audit(history)) == []


def test_it_has_orders_of_every_end_and_events_of_the_last_weeks_only(history: Path) -> None:
    statuses = dict(query(history, "order", "SELECT status, count(*) FROM orders GROUP BY status"))
    assert sum(statuses.values()) == pytest.approx(ORDERS, abs=8)
    assert statuses.keys() == {"completed", "cancelled"}

    ((events, numbers),) = query(history, "order", "SELECT (SELECT count(*) FROM outbox), sum(version) FROM aggregates")
    assert 0 < events < numbers / 2


def test_whatever_is_wrong_with_one_plain_order_is_found(history: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(history, folder)
    plain, expected = plain_orders(folder), set()

    for key, database, statement, begins in ALONE:
        order = next(plain)
        corrupt(folder, database, statement.format(**order))
        expected.add((key, begins.format(**order)))

    violations = [(finding.key, one.id) for finding in audit(folder).findings for one in finding.violations]
    assert {(key, begins) for key, begins in expected if not is_among(violations, key, begins)} == set()


def plain_orders(folder: Path) -> Iterator[dict[str, str]]:
    """Each with an order that is as old and was cancelled, and one before it that is left alone otherwise."""
    completed = query(
        folder,
        "payment",
        """SELECT i.order_id, i.payment_id, i.number FROM invoices i JOIN payments p ON p.id = i.payment_id
        WHERE i.kind = 'invoice' AND p.captured > 0 AND p.reserved = 0 ORDER BY i.order_id""",
    )
    cancelled = query(
        folder,
        "order",
        """SELECT id FROM orders WHERE status = 'cancelled'
        AND id NOT IN (SELECT aggregate_id FROM outbox WHERE type = 'OrderCancelled')""",
    )
    for place, ((other, *_), (order, payment, number)) in enumerate(zip(completed[::2], completed[1::2], strict=False)):
        given_up = cancelled[place % len(cancelled)][0]
        yield {"other": other, "order": order, "payment": payment, "number": number, "cancelled": given_up}


def is_among(violations: list[tuple[str, str]], key: str, begins: str) -> bool:
    return any(found == key and violation.startswith(begins) for found, violation in violations)


def test_two_processes_find_of_a_history_what_one_finds(history: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(history, folder)
    query(folder, "order", "UPDATE orders SET lines_hash = 'another' WHERE id = (SELECT max(id) FROM orders)")
    query(folder, "customer", "UPDATE customers SET name = 'my card is 4111 1111 1111 1111'")
    places: dict[str, Path | str] = {service.name: folder / f"{service.name}.db" for service in ALL}

    with shared(places) as helpers, closing(Audit(places)) as look:
        together = look.run(now=SystemClock().now(), quiet=0, helpers=helpers)

    alone = audit(folder)
    assert found(together) != []
    assert sorted(found(together)) == sorted(found(alone))
    assert {finding.key for finding in together.findings} == {finding.key for finding in alone.findings}


def test_a_file_that_the_helpers_cannot_read_is_told(history: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(history, folder)
    places: dict[str, Path | str] = {service.name: folder / f"{service.name}.db" for service in ALL}
    with closing(Audit(places)) as look:
        invariants = look.invariants
    (folder / "payment.db").write_bytes(b"no database" * 1_000)

    with shared(places) as helpers, pytest.raises(SqliteError, match=r"payment\.db"):
        list(helpers.check(invariants, 0, 0))


def test_messages_go_after_their_time_and_those_since_are_all_looked_for(history: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(history, folder)
    oldest = "SELECT min(id), min(created_at) FROM "
    ((first, since),) = query(folder, "notification", oldest + "notifications")
    ((_, logged_since),) = query(folder, "notification", oldest + "notification_logs")
    ((_, skipped_since),) = query(folder, "notification", oldest + "notification_logs WHERE state = 'skipped'")
    assert logged_since < SystemClock().now() - 300 * DAY < SystemClock().now() - 91 * DAY < min(since, skipped_since)

    query(folder, "notification", f"DELETE FROM notifications WHERE id = '{first}'")
    assert found(audit(folder)) == []
    newest = "SELECT max(id) FROM notifications WHERE kind = 'order-confirmed'"
    query(folder, "notification", f"DELETE FROM notifications WHERE id IN ({newest})")
    assert {key for key, _ in found(audit(folder))} == {"36b", "36d"}


async def test_what_of_it_is_older_than_events_are_kept_is_forgotten_and_all_stays_whole(history: Path) -> None:
    """The lived orders at its beginning have all their events yet."""
    given = {"SHIKANJI_DATA_DIR": str(history), "SHIKANJI_PORT": "0", "SHIKANJI_RATE_LIMITS": "off"}
    async with open_platform(Configuration(given, settings_kinds()), MovingClock()) as shop:
        matched = {"matched": SystemClock().now()}
        forgotten = await commands.COMMANDS["forget"](shop.platform, matched)
        again = await commands.COMMANDS["forget"](shop.platform, matched)
        await shop.order()

    assert forgotten > 100
    assert again == 0
    assert found(await asyncio.to_thread(audit, history)) == []
