"""What the tests of this room start from. Every maker gives something valid; a test names only what it is about."""

from typing import Any

import msgspec

from shikanji.contracts.order import OrderCompleted, OrderDelivered
from shikanji.kit.events import Envelope, Event, Metadata, payload_hash
from shikanji.kit.ids import Ids, first_id
from shikanji.services.review import service
from shikanji.services.review.actions import reviews
from shikanji.services.review.model.review import Purchase, Review, Said
from tests.kit.databases import NOON as NOON
from tests.kit.databases import OpenDatabase

ASHA, RAVI = "0199d2a0-0000-7000-8000-00000000000a", "0199d2a0-0000-7000-8000-00000000000b"
HERE, OTHER = "0199d2a0-0000-7000-8000-0000000000a1", "0199d2a0-0000-7000-8000-0000000000a2"
SHIKANJI, LASSI = "0199d2a0-0000-7000-8000-0000000000b1", "0199d2a0-0000-7000-8000-0000000000b2"
NOWHERE = "0199d2a0-0000-7000-8000-00000000dead"


def order(number: int = 1, at: int = NOON) -> str:
    """The id of an order that was placed then."""
    return f"{first_id(at)[:-4]}{number:04x}"


def purchase(number: int = 1, *, at: int = NOON, customer: str = ASHA, store: str = HERE) -> Purchase:
    return Purchase(order(number, at), customer, store, (SHIKANJI, LASSI))


def said(rating: int = 5, text: str = "") -> Said:
    return Said(rating=rating, text=text)


async def submit(
    base: OpenDatabase,
    number: int = 1,
    *,
    rating: int = 5,
    text: str = "",
    product: str | None = SHIKANJI,
    customer: str = ASHA,
    store: str = HERE,
    limited: bool = True,
) -> Review:
    bought = purchase(number, customer=customer, store=store)
    return await base.write(reviews.submit_review, customer, bought, product, said(rating, text), limited=limited)


async def moderate(base: OpenDatabase, review_id: str, status: Any, reason: Any = None, note: str = "") -> Review:
    return await base.write(reviews.moderate_review, review_id, status, reason, note, "manager", None)


def delivered(number: int = 1, **changes: Any) -> OrderDelivered:
    return OrderDelivered(**({**_handed_over(number), "by": "courier"} | changes))


def completed(number: int = 1, **changes: Any) -> OrderCompleted:
    return OrderCompleted(**({**_handed_over(number), "fulfilment": "pickup", "by": "cashier"} | changes))


def _handed_over(number: int) -> dict[str, Any]:
    return {
        "order_id": order(number),
        "customer_id": ASHA,
        "store_id": HERE,
        "payment_method": "cod",
        "total": 8_400,
        "product_ids": [SHIKANJI, LASSI],
    }


async def deliver(base: OpenDatabase, *events: Event) -> None:
    """Hands the events to their handlers together, without the inbox's memory: what comes twice is handled twice."""
    ids = Ids(base.clock)
    await base.write(lambda tx: service.subscribers.handle(tx, *(_envelope(ids.new(), event) for event in events)))


def _envelope(event_id: str, event: Event) -> Envelope:
    data = msgspec.json.encode(event)
    metadata = Metadata("order", "1", "c", "c", event.aggregate_id, 1)
    return Envelope(event_id, type(event).__name__, NOON, data, payload_hash(data), metadata)


def rating(base: OpenDatabase, subject: str = SHIKANJI) -> tuple[int, int]:
    """Count and sum."""
    rows = base.query(f"SELECT count, sum FROM ratings WHERE id = '{subject}'")
    return (int(rows[0][0]), int(rows[0][1])) if rows else (0, 0)


def told(base: OpenDatabase, kind: str) -> list[dict[str, Any]]:
    return [event.data for event in base.events() if event.type == kind]


def check_ratings(base: OpenDatabase) -> None:
    """Every rating is what its approved reviews make, and was told last as it is."""
    recounted = base.query(
        """SELECT coalesce(product_id, store_id), count(*), sum(rating) FROM reviews WHERE status = 'approved'
        GROUP BY coalesce(product_id, store_id)"""
    )
    kept = base.query("SELECT id, count, sum, version FROM ratings")
    assert {row[0]: (row[1], int(row[2])) for row in recounted} == {row[0]: (row[1], row[2]) for row in kept if row[1]}
    newest = {data["subjectId"]: data for data in told(base, "RatingUpdated")}
    assert {key: (data["count"], data["sum"], data["version"]) for key, data in newest.items()} == {
        row[0]: tuple(row[1:]) for row in kept
    }
