"""Who buys: new and returning, in segments and cohorts, best first."""

import pytest

from shikanji.kit.clock import DAY
from shikanji.services.analytics.model.segments import MONETARY_PAISE, RECENCY_DAYS, Scores, scores, segment_of
from shikanji.services.analytics.repository import customers
from tests.kit.databases import OpenDatabase
from tests.services.analytics.edge import Office, open_office
from tests.services.analytics.makers import (
    ASHA,
    NOON,
    OTHER_STORE,
    RAVI,
    STORE,
    confirmed,
    created,
    number,
    paid,
    tell,
)

ENGINES = ["sqlite", "postgres"]


@pytest.fixture
async def office(base: OpenDatabase) -> Office:
    return await open_office(base)


async def buy(office: Office, customer: str, *, days: int = 0, store: str = STORE, amount: int = 8_400) -> None:
    order, at = number(), NOON - days * DAY
    await tell(
        office.base,
        created(order, at=at, customer_id=customer, store_id=store),
        confirmed(order, at=at, customer_id=customer, store_id=store),
        paid(order, amount, at=at, customer_id=customer, store_id=store),
    )


async def count(office: Office) -> None:
    counted = await office.base.read(customers.count_segments)
    await office.base.write(customers.replace_segments, counted)


async def test_new_customers_are_counted_once_and_their_other_orders_as_returning(office: Office) -> None:
    await buy(office, ASHA, days=40)
    await buy(office, ASHA, days=2)
    await buy(office, RAVI, days=1)
    await buy(office, RAVI)

    shown = await office.get("/customers")

    assert (shown["orders"], shown["newCustomers"], shown["returningOrders"]) == (3, 1, 2)


async def test_segments_tell_customers_apart_and_what_they_are_worth(office: Office) -> None:
    for days in range(6):
        await buy(office, ASHA, days=days, amount=50_000)
    await buy(office, RAVI, days=120)
    await count(office)

    shown = await office.get("/customers")

    assert [(each["segment"], each["customers"], each["lifetimeValue"]) for each in shown["segments"]] == [
        ("champions", 1, 300_000),
        ("at_risk", 1, 8_400),
    ]
    assert (shown["customers"], shown["lifetimeValue"]) == (2, 154_200)


async def test_the_database_scores_as_the_model_does(office: Office) -> None:
    edges = sorted({day + by for day in RECENCY_DAYS for by in (0, 1)})
    for place, days in enumerate(edges):
        for _ in range(place + 1):
            await buy(office, number("0190ba00"), days=days, amount=MONETARY_PAISE[place % 4] - place % 2)
    found = {each.segment: each.customers for each in await office.base.read(customers.count_segments) if each.store_id}

    rows = office.base.query(f"SELECT last_at, orders, revenue FROM customers WHERE store_id = '{STORE}'")
    wanted: dict[str, int] = {}
    for last_at, orders, revenue in rows:
        segment = segment_of(scores(last_at=last_at, orders=orders, revenue=revenue, now=NOON))
        wanted[segment] = wanted.get(segment, 0) + 1
    assert found == wanted
    assert len(wanted) >= 4


@pytest.mark.parametrize(
    ("found", "segment"),
    [
        (Scores(5, 5, 5), "champions"),
        (Scores(5, 4, 3), "loyal"),
        (Scores(3, 5, 5), "loyal"),
        (Scores(4, 1, 5), "new"),
        (Scores(3, 1, 1), "promising"),
        (Scores(2, 5, 5), "at_risk"),
        (Scores(1, 5, 5), "lost"),
    ],
)
def test_a_segment_follows_from_the_scores(found: Scores, segment: str) -> None:
    assert segment_of(found) == segment


async def test_a_cohort_shows_who_came_back(office: Office) -> None:
    await buy(office, ASHA, days=31)
    await buy(office, RAVI, days=31)
    await buy(office, ASHA)

    (cohort,) = (await office.get("/customers"))["cohorts"]

    assert cohort["month"] == "2026-10"
    assert [(each["after"], each["customers"]) for each in cohort["months"]] == [(0, 2), (1, 1)]


async def test_the_best_customers_come_first_in_pages(office: Office) -> None:
    for at in range(5):
        await buy(office, number("0190bb00"), amount=8_400 * (1 + at // 2))

    first = await office.ask("/customers/best?limit=3")
    then = await office.ask(f"/customers/best?limit=3&cursor={first.json['meta']['nextCursor']}")

    shown = [each["revenue"] for each in first.json["data"] + then.json["data"]]
    assert shown == [25_200, 16_800, 16_800, 8_400, 8_400]
    assert then.json["meta"]["nextCursor"] is None


async def test_a_customer_of_two_stores_is_one_customer_to_head_office(office: Office) -> None:
    await buy(office, ASHA)
    await buy(office, ASHA, store=OTHER_STORE)

    assert [each["orders"] for each in await office.get("/customers/best")] == [2]
    assert [each["orders"] for each in await office.get("/customers/best", "manager")] == [1]
    assert [each["segment"] for each in await office.get("/customers/best")] == ["promising"]
    assert (await office.ask("/customers/best", "cashier")).status == 403
