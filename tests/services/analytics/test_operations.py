"""Products and orders: what sells, how long it takes, what goes wrong."""

import pytest

from shikanji.contracts.order import OrderDispatched, OrderPreparing, OrderReady
from shikanji.kit.clock import HOUR, MINUTE, SECOND
from shikanji.services.analytics.actions.products import PAIRS_MAX
from shikanji.services.analytics.model.durations import BOUNDS, bucket_of, percentile
from tests.kit.databases import OpenDatabase
from tests.services.analytics.edge import Office, open_office
from tests.services.analytics.makers import (
    NOON,
    OTHER_STORE,
    SAMOSA,
    SHIKANJI,
    STORE,
    cancelled,
    confirmed,
    created,
    delivered,
    line,
    number,
    paid,
    product_made,
    refunded,
    step,
    tell,
)

ENGINES = ["sqlite", "postgres"]


@pytest.fixture
async def office(base: OpenDatabase) -> Office:
    return await open_office(base)


async def test_products_are_best_and_worst_by_pieces_also_those_that_nobody_bought(office: Office) -> None:
    first, second, chaas = number(), number(), number()
    await tell(office.base, product_made(chaas, "Masala Chaas"))
    await tell(office.base, created(first, line(SHIKANJI, 2), line(SAMOSA, 3, 3_000, discount=500)), confirmed(first))
    await tell(office.base, created(second, line(SAMOSA, 1, 3_000)), confirmed(second))

    shown = await office.get("/products")

    assert [(each["name"], each["items"], each["orders"]) for each in shown["best"]] == [
        ("Samosa", 4, 2), ("Shikanji", 2, 1)
    ]  # fmt: skip
    assert (shown["best"][0]["gross"], shown["best"][0]["net"]) == (12_000, 11_500)
    assert [each["name"] for each in shown["worst"]] == ["Masala Chaas", "Shikanji", "Samosa"]
    assert [(each["name"], each["otherName"], each["orders"]) for each in shown["boughtTogether"]] == [
        ("Shikanji", "Samosa", 1)
    ]


async def test_what_is_bought_together_is_ranked_by_all_stores_that_are_asked_for(office: Office) -> None:
    """Twenty pairs are ahead of it in each store, and none in both."""
    both = [number("0190d100"), number("0190d100")]
    for store in (STORE, OTHER_STORE):
        pairs = [both, *([number("0190d000"), number("0190d000")] for _ in range(PAIRS_MAX))]
        orders = [(number(), [line(each) for each in pair]) for pair in pairs]
        sold = [created(order, *lines, store_id=store) for order, lines in orders]
        await tell(office.base, *sold, *(confirmed(order, store_id=store) for order, _ in orders))

    best, *_ = (await office.get("/products"))["boughtTogether"]

    assert ([best["productId"], best["otherId"]], best["orders"]) == (both, 2)


async def test_what_is_bought_together_is_counted_over_the_stores_that_are_asked_for(office: Office) -> None:
    for _ in range(2):
        order = number()
        await tell(office.base, created(order, line(SHIKANJI), line(SAMOSA)), confirmed(order))
    await tell(office.base, cancelled(order))

    assert [each["orders"] for each in (await office.get("/products"))["boughtTogether"]] == [1]
    assert (await office.get("/products", "manager of other"))["boughtTogether"] == []


async def test_times_are_percentiles_of_all_orders_of_the_days(office: Office) -> None:
    for minutes in range(1, 21):
        order, at = number(), NOON
        await tell(
            office.base,
            created(order),
            confirmed(order),
            step(OrderPreparing, order, at),
            step(OrderReady, order, at + minutes * MINUTE),
            step(OrderDispatched, order, at + HOUR),
            delivered(order, at + HOUR + 30 * SECOND),
        )

    shown = await office.get("/orders")

    assert shown["prep"] == {"count": 20, "mean": 630, "p50": 600, "p95": 1_140}
    assert shown["delivery"] == {"count": 20, "mean": 30, "p50": 30, "p95": 30}


async def test_orders_come_by_the_hour_of_the_day_and_go_by_their_causes(office: Office) -> None:
    kept, gone = number(), number()
    await tell(office.base, created(kept, at=NOON - 24 * HOUR), confirmed(kept), paid(kept), refunded(kept, 400))
    await tell(office.base, created(gone), confirmed(gone), cancelled(gone, cause="out_of_stock"))

    shown = await office.get("/orders")

    assert [(each["hour"], each["placed"], each["orders"]) for each in shown["hours"] if each["placed"]] == [(12, 2, 1)]
    assert shown["cancellations"] == [{"cause": "out_of_stock", "count": 1, "amount": 8_400}]
    assert shown["refundCauses"] == [{"cause": "requested", "count": 1, "amount": 400}]


async def test_where_nothing_was_timed_nothing_is_told(office: Office) -> None:
    assert (await office.get("/orders"))["prep"] == {"count": 0, "mean": None, "p50": None, "p95": None}


async def test_a_manager_sees_the_own_stores_products_and_orders_only(office: Office) -> None:
    order = number()
    await tell(office.base, created(order), confirmed(order))

    assert (await office.get("/orders", "manager"))["orders"] == 1
    assert (await office.get("/orders", "manager of other"))["orders"] == 0
    assert (await office.get("/products", "manager of other"))["best"] == []
    for path in ("/orders", "/products"):
        assert (await office.ask(f"{path}?storeId={STORE}", "manager of other")).status == 403
        assert (await office.ask(path, "support")).status == 403


def test_every_length_of_time_has_its_bucket() -> None:
    assert list(BOUNDS) == sorted(set(BOUNDS))
    assert [bucket_of(seconds) for seconds in (0, 30, 31, 60)] == [0, 0, 1, 1]
    assert bucket_of(7 * 86_400) == len(BOUNDS)
    assert percentile({len(BOUNDS): 1}, 50) == BOUNDS[-1]
    assert percentile({0: 0}, 50) is None


@pytest.mark.parametrize(("percent", "seconds"), [(50, 30), (75, 60), (76, 90), (100, 90)])
def test_a_percentile_is_the_end_of_the_bucket_that_it_falls_into(percent: int, seconds: int) -> None:
    assert percentile({0: 2, 1: 1, 2: 1}, percent) == seconds
