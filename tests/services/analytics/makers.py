"""What the tests of this room start from. Every maker gives something valid; a test names only what it is about."""

from collections.abc import Iterable, Sequence
from itertools import count
from random import Random
from typing import Any

import msgspec
import sqlalchemy as sa

from shikanji.contracts.inventory import CategoryUpdated, ProductCreated
from shikanji.contracts.order import (
    CancelCause,
    EventLine,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderDispatched,
    OrderPreparing,
    OrderReady,
)
from shikanji.contracts.payment import PaymentCompleted, RefundCompleted
from shikanji.contracts.store import StoreCreated
from shikanji.kit.clock import DAY, HOUR, MINUTE, from_rfc3339
from shikanji.kit.db.inbox import Inbox
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Envelope, Event, Metadata, payload_hash
from shikanji.services.analytics import service
from shikanji.services.analytics.actions.moving import move_orders
from shikanji.services.analytics.actions.naming import MovedStore
from tests.kit.databases import OpenDatabase

NOON = from_rfc3339("2026-11-22T12:00:00+05:30")
TODAY = 739_942
"""What `date.toordinal` makes of the 22nd of November 2026."""
STORE = "0190a000-0000-7000-8000-000000000001"
OTHER_STORE = "0190a000-0000-7000-8000-000000000002"
ASHA = "0190b000-0000-7000-8000-000000000001"
RAVI = "0190b000-0000-7000-8000-000000000002"
SHIKANJI = "0190d000-0000-7000-8000-000000000001"
SAMOSA = "0190d000-0000-7000-8000-000000000002"
DRINKS = "0190c000-0000-7000-8000-000000000001"
SNACKS = "0190c000-0000-7000-8000-000000000002"

TABLES = (
    "aggregated_metrics",
    "durations",
    "product_pairs",
    "customers",
    "cohorts",
    "order_facts",
    "products",
    "categories",
    "stores",
)

_numbers = count(1)


class At(msgspec.Struct, frozen=True):
    """An event and when it was recorded."""

    at: int
    event: Event


def number(of: str = "0190e000") -> str:
    """A new id."""
    return f"{of}-0000-7000-8000-{next(_numbers):012x}"


def line(product: str = SHIKANJI, quantity: int = 1, price: int = 8_000, **fields: Any) -> EventLine:
    given: dict[str, Any] = {
        "line_id": number("0190f000"),
        "product_id": product,
        "name": "Shikanji" if product == SHIKANJI else "Samosa",
        "category_id": DRINKS if product == SHIKANJI else SNACKS,
        "quantity": quantity,
        "unit_price": price,
        "line_total": price * quantity,
        "discount": 0,
        "points_discount": 0,
        "tax": price * quantity // 20,
        "tax_rate_bp": 500,
        "tax_included": False,
        "hsn": "996331",
    }
    return EventLine(**(given | fields))


def created(order_id: str, *lines: EventLine, at: int = NOON, **fields: Any) -> At:
    lines = lines or (line(),)
    fee = fields.get("delivery_fee", 0)
    tax = sum(each.tax for each in lines)
    subtotal, discount = sum(each.line_total for each in lines), sum(each.discount for each in lines)
    given: dict[str, Any] = {
        "order_number": "MGR1-1",
        "customer_id": ASHA,
        "store_id": STORE,
        "fulfilment": "pickup",
        "payment_method": "online",
        "lines": list(lines),
        "subtotal": subtotal,
        "discount": discount,
        "points_discount": 0,
        "delivery_fee": 0,
        "delivery_fee_tax": 0,
        "tax": tax,
        "round_off": 0,
        "total": subtotal - discount + fee + tax,
        "attempt": 1,
        "scheduled_for": None,
        "payment_deadline": None,
        "placed_at": at,
    }
    return At(at, OrderCreated(order_id=order_id, **(given | fields)))


def confirmed(order_id: str, attempt: int = 1, *, at: int = NOON, total: int = 8_400, **fields: Any) -> At:
    given: dict[str, Any] = {"customer_id": ASHA, "store_id": STORE, "payment_method": "online"}
    return At(at, OrderConfirmed(order_id=order_id, total=total, attempt=attempt, **(given | fields)))


def cancelled(
    order_id: str, attempt: int = 1, *, at: int = NOON + HOUR, cause: CancelCause = "customer", **fields: Any
) -> At:
    given: dict[str, Any] = {
        "customer_id": ASHA,
        "store_id": STORE,
        "reason": "changed my mind",
        "previous": "confirmed",
        "payment_method": "online",
        "total": 8_400,
        "restock": [],
        "by": ASHA,
    }
    return At(at, OrderCancelled(order_id=order_id, attempt=attempt, cause=cause, **(given | fields)))


def completed(order_id: str, *, at: int = NOON + HOUR, **fields: Any) -> At:
    given: dict[str, Any] = {
        "customer_id": ASHA,
        "store_id": STORE,
        "fulfilment": "pickup",
        "payment_method": "online",
        "total": 8_400,
        "by": "cashier",
    }
    return At(at, OrderCompleted(order_id=order_id, **(given | fields)))


def step(kind: type[OrderPreparing] | type[OrderReady] | type[OrderDispatched], order_id: str, at: int) -> At:
    return At(at, kind(order_id=order_id, customer_id=ASHA, store_id=STORE, by="chef"))


def delivered(order_id: str, at: int) -> At:
    return At(
        at,
        OrderDelivered(
            order_id=order_id, customer_id=ASHA, store_id=STORE, payment_method="online", total=8_400, by="rider"
        ),
    )


def paid(order_id: str, amount: int = 8_400, *, at: int = NOON, method: Any = "upi", **fields: Any) -> At:
    given: dict[str, Any] = {"payment_id": number("0190aa00"), "customer_id": ASHA, "store_id": STORE}
    return At(
        at,
        PaymentCompleted(
            order_id=order_id, amount=amount, provider="sandbox", method=method, captured_at=at, **(given | fields)
        ),
    )


def refunded(order_id: str, amount: int, *, at: int = NOON + DAY, cause: Any = "requested", **fields: Any) -> At:
    given: dict[str, Any] = {"refund_id": number("0190ab00"), "payment_id": "payment", "customer_id": ASHA}
    return At(at, RefundCompleted(order_id=order_id, store_id=STORE, amount=amount, cause=cause, **(given | fields)))


def opened(store_id: str = STORE, time_zone: str = "Asia/Kolkata", name: str = "MG Road") -> At:
    return At(
        NOON - DAY,
        StoreCreated(
            store_id=store_id,
            name=name,
            slug="mg-road",
            city="Bengaluru",
            state="Karnataka",
            postal_code="560001",
            time_zone=time_zone,
        ),
    )


def category_told(category_id: str = DRINKS, name: str = "Drinks") -> At:
    return At(NOON - DAY, CategoryUpdated(category_id=category_id, parent_id=None, name=name))


def product_made(product_id: str, name: str) -> At:
    return At(NOON - DAY, ProductCreated(product_id=product_id, name=name, category_id=DRINKS, price=6_000))


def envelopes(events: Iterable[At]) -> list[Envelope]:
    """As a relay sends them: of each aggregate numbered, in the order given."""
    versions: dict[str, int] = {}
    made = []
    for one in events:
        of, data = one.event.aggregate_id, msgspec.json.encode(one.event)
        versions[of] = versions.get(of, 0) + 1
        metadata = Metadata("others", "1", "request", "cause", of, versions[of])
        made.append(Envelope(number("0190ac00"), type(one.event).__name__, one.at, data, payload_hash(data), metadata))
    return made


async def receive(base: OpenDatabase, *sent: Envelope) -> None:
    """Through the inbox, which drops what it has."""
    await Inbox(base.db, service.subscribers, jitter=lambda: 0.5).receive(sent)
    assert base.query("SELECT event_id, error FROM inbox WHERE state <> 'done'") == []


async def settle(base: OpenDatabase) -> None:
    """Stores whose clocks became known late have had their orders moved."""
    for job in base.jobs():
        moved: MovedStore | None = msgspec.convert(job.payload, MovedStore)
        while moved is not None:
            moved = await base.write(move_orders, moved, 7)


async def tell(base: OpenDatabase, *events: At) -> None:
    await receive(base, *envelopes(events))


def figures(base: OpenDatabase, dimension: str, period: int | None = None, key: str = "", store: str = STORE) -> Any:
    """One cell, by the names of its figures; those that are 0 are left out."""
    names = [column.name for column in service.metadata.tables["aggregated_metrics"].columns][4:]
    where = f"store_id = '{store}' AND dimension = '{dimension}' AND key = '{key}'"
    period = TODAY if period is None else period
    rows = base.query(f"SELECT {', '.join(names)} FROM aggregated_metrics WHERE {where} AND period = {period}")
    return {name: value for row in rows for name, value in zip(names, row, strict=True) if value}


def forget_all(tx: Tx) -> None:
    """As if nothing had ever come."""
    for table in service.metadata.sorted_tables:
        if table.name != "rebuilds":
            tx.execute(sa.delete(table))


def everything(base: OpenDatabase) -> dict[str, list[Any]]:
    """All figures and facts. Rows of zeros, which what was undone leaves behind, are left out, and so is when a
    product was called by its name."""
    found: dict[str, list[Any]] = {}
    for table in TABLES:
        columns = service.metadata.tables[table].columns.keys()
        keys = len(service.metadata.tables[table].primary_key.columns)
        additive = table in ("aggregated_metrics", "durations", "product_pairs", "cohorts")
        rows = base.query(f"SELECT {', '.join(name for name in columns if name != 'told_at')} FROM {table}")
        found[table] = sorted(row for row in rows if not additive or any(row[keys:]))
    return found


def life(order_id: str, chance: Random, **fields: Any) -> list[At]:
    """All that happens to one order: somehow, but possible."""
    at = NOON - chance.randrange(40) * DAY + chance.randrange(86_400) * 1_000_000
    customer, store = chance.choice([ASHA, RAVI]), chance.choice([STORE, OTHER_STORE])
    who: dict[str, Any] = {"customer_id": customer, "store_id": store}
    lines = [line(SHIKANJI, chance.randint(1, 3)), line(SAMOSA, 1, 3_000, discount=chance.choice([0, 150]))]
    first = created(
        order_id,
        *lines[: chance.randint(1, 2)],
        at=at,
        fulfilment=chance.choice(["pickup", "delivery"]),
        **who,
        **fields,
    )
    assert isinstance(first.event, OrderCreated)
    total, events = first.event.total, [first]
    way = chance.choice(["unpaid", "done", "done", "done", "given up", "late", "refunded"])
    if way == "unpaid":
        return [first, cancelled(order_id, at=at + 15 * MINUTE, cause="payment_timeout", **who)]
    if way == "late":
        events += [cancelled(order_id, at=at + 15 * MINUTE, cause="payment_timeout", **who)]
    events += [
        paid(order_id, total, at=at + 20 * MINUTE, method=chance.choice(["upi", "card"]), **who),
        confirmed(order_id, 2 if way == "late" else 1, at=at + 20 * MINUTE, total=total, **who),
    ]
    if way == "given up":
        return [
            *events,
            cancelled(order_id, at=at + HOUR, **who),
            refunded(order_id, total, at=at + HOUR, cause="cancelled", customer_id=customer),
        ]
    events += [
        step(OrderPreparing, order_id, at + 25 * MINUTE),
        step(OrderReady, order_id, at + 25 * MINUTE + chance.randrange(1, 3_000) * 1_000_000),
        completed(order_id, at=at + 2 * HOUR, **who),
    ]
    if way == "refunded":
        events.append(refunded(order_id, total // 3, at=at + DAY, customer_id=customer))
    return events


def lives(size: int, seed: int) -> list[At]:
    """So many orders of two customers in two stores."""
    chance = Random(seed)
    orders: Sequence[list[At]] = [life(number(), chance) for _ in range(size)]
    return [opened(), opened(OTHER_STORE, "Asia/Dubai", "Koramangala"), *(event for one in orders for event in one)]
