"""The dashboard and the sales of any days, over HTTP."""

from typing import Any

import pytest

from shikanji.kit.clock import DAY, HOUR, MINUTE
from tests.kit.databases import OpenDatabase
from tests.services.analytics.edge import Office, open_office
from tests.services.analytics.makers import (
    NOON,
    OTHER_STORE,
    RAVI,
    SAMOSA,
    SHIKANJI,
    STORE,
    cancelled,
    completed,
    confirmed,
    created,
    line,
    number,
    paid,
    refunded,
    tell,
)

ENGINES = ["sqlite", "postgres"]


@pytest.fixture
async def office(base: OpenDatabase) -> Office:
    return await open_office(base)


async def sell(office: Office, *, at: int = NOON, store: str = STORE, customer: str = RAVI, samosas: int = 0) -> int:
    """A paid order; what was paid."""
    order = number()
    who: dict[str, Any] = {"store_id": store, "customer_id": customer}
    lines = [line(SHIKANJI), *([line(SAMOSA, samosas, 3_000)] if samosas else [])]
    total = 8_400 + samosas * 3_150
    await tell(
        office.base,
        created(order, *lines, at=at, fulfilment="delivery" if samosas else "pickup", **who),
        confirmed(order, at=at, total=total, **who),
        paid(order, total, at=at, **who),
    )
    return total


async def test_the_dashboard_shows_today_beside_the_same_time_of_the_day_before(office: Office) -> None:
    await sell(office, at=NOON - DAY - 10 * MINUTE)
    await sell(office, at=NOON - DAY - HOUR)
    await sell(office, at=NOON - DAY + MINUTE)
    await sell(office, at=NOON - HOUR, samosas=2)
    await sell(office, at=NOON, store=OTHER_STORE)

    shown = await office.get("/dashboard")

    assert (shown["day"], shown["orders"], shown["revenue"]) == ("2026-11-22", 2, 2 * 8_400 + 2 * 3_150)
    assert (shown["before"]["orders"], shown["before"]["revenue"]) == (2, 2 * 8_400)
    assert [(each["hour"], each["orders"]) for each in shown["hours"] if each["orders"]] == [(11, 1), (12, 1)]
    assert {each["name"]: each["orders"] for each in shown["stores"]} == {"MG Road": 1, "Koramangala": 1}
    assert [(each["name"], each["items"]) for each in shown["topProducts"]] == [("Shikanji", 2), ("Samosa", 2)]
    assert shown["live"] == {
        "pending": 0, "confirmed": 5, "preparing": 0, "ready": 0, "dispatched": 0, "delivered": 0
    }  # fmt: skip


async def test_a_minute_of_the_hour_a_day_ago_counts_only_once_it_was_reached(office: Office) -> None:
    await sell(office, at=NOON - DAY + 20 * MINUTE)
    office.base.clock.advance(10 * MINUTE)
    assert (await office.get("/dashboard"))["before"]["orders"] == 0
    office.base.clock.advance(11 * MINUTE)

    assert (await office.get("/dashboard"))["before"]["orders"] == 1


async def test_new_customers_are_new_to_the_store_that_is_asked_for(office: Office) -> None:
    await sell(office, at=NOON - DAY, store=OTHER_STORE)
    await sell(office)

    assert (await office.get("/dashboard"))["newCustomers"] == 0
    assert (await office.get(f"/dashboard?storeId={STORE}"))["newCustomers"] == 1


async def test_sales_of_days_are_compared_with_as_many_before(office: Office) -> None:
    for days in (0, 2, 3, 4):
        await sell(office, at=NOON - days * DAY)

    shown = await office.get("/sales?from=2026-11-20&to=2026-11-22")

    assert [(row["period"], row["orders"]) for row in shown["rows"]] == [
        ("2026-11-20", 1), ("2026-11-21", 0), ("2026-11-22", 1)
    ]  # fmt: skip
    assert (shown["total"]["orders"], shown["before"]["orders"]) == (2, 2)
    assert shown["total"]["averageOrder"] == 8_400


@pytest.mark.parametrize(
    ("grain", "periods"),
    [("hour", "2026-11-22T12"), ("day", "2026-11-22"), ("week", "2026-11-16"), ("month", "2026-11")],
)
async def test_sales_come_in_any_grain(office: Office, grain: str, periods: str) -> None:
    await sell(office)

    shown = await office.get(f"/sales?from=2026-11-22&to=2026-11-22&grain={grain}")

    assert [row["period"] for row in shown["rows"] if row["orders"]] == [periods]


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("store", {STORE: 1, OTHER_STORE: 1}),
        ("fulfilment", {"pickup": 1, "delivery": 1}),
        ("method", {"upi": 2}),
    ],
)
async def test_sales_come_by_whatever_is_asked(office: Office, by: str, keys: dict[str, int]) -> None:
    await sell(office)
    await sell(office, store=OTHER_STORE, samosas=1)

    shown = await office.get(f"/sales?by={by}&grain=month")

    assert {row["key"]: row["orders"] for row in shown["rows"]} == keys


@pytest.mark.parametrize("by", ["", "&by=store"])
async def test_a_month_that_is_asked_for_in_part_shows_its_days_in_the_range_alone(office: Office, by: str) -> None:
    for day in (19, 20, 35, 53, 83, 84, 110):
        await sell(office, at=NOON - day * DAY)

    shown = await office.get(f"/sales?grain=month&from=2026-08-31&to=2026-11-02{by}")

    sold = [(row["period"], row["orders"]) for row in shown["rows"]]
    assert sold == [("2026-08", 1), ("2026-09", 1), ("2026-10", 1), ("2026-11", 1)]
    assert (shown["total"]["orders"], shown["before"]["orders"]) == (4, 2)


async def test_money_that_went_back_is_no_revenue_and_a_cancelled_order_no_order(office: Office) -> None:
    order = number()
    await tell(office.base, created(order), confirmed(order), paid(order), cancelled(order))
    kept = number()
    await tell(office.base, created(kept), confirmed(kept), paid(kept), completed(kept), refunded(kept, 400))

    total = (await office.get("/sales"))["total"]
    assert (total["placed"], total["orders"], total["cancelled"], total["completed"]) == (2, 1, 1, 1)
    assert (total["paid"], total["refunded"], total["revenue"]) == (16_800, 400, 16_400)


async def test_a_manager_sees_the_own_store_and_no_other(office: Office) -> None:
    await sell(office)
    await sell(office, store=OTHER_STORE, samosas=1)

    assert (await office.get("/dashboard", "manager"))["revenue"] == 8_400
    assert (await office.get("/sales", "manager of other"))["total"]["revenue"] == 11_550
    assert (await office.ask(f"/dashboard?storeId={OTHER_STORE}", "manager")).status == 403
    assert (await office.ask("/dashboard", "chef")).status == 403
    assert (await office.ask("/sales", "customer")).status == 403
    assert (await office.ask("/sales", None)).status == 401


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-11-22&to=2026-11-21", "to"),
        ("from=2020-01-01&to=2026-11-22", "from"),
        ("from=1066-10-14&to=1066-10-15", "from"),
        ("from=yesterday", "from"),
        ("grain=hour&by=store", "grain"),
        ("grain=minute", "grain"),
        ("by=customer", "by"),
        ("from=2026-01-01&to=2026-11-22&grain=hour", "from"),
        ("storeId=7", "storeId"),
    ],
)
async def test_what_no_report_can_show_is_refused_by_the_name_of_its_field(
    office: Office, query: str, field: str
) -> None:
    refused = await office.ask(f"/sales?{query}")

    assert refused.status == 422
    assert [each["field"] for each in refused.json["errors"]] == [field]


async def test_a_store_that_nobody_told_of_is_not_found(office: Office) -> None:
    assert (await office.ask(f"/dashboard?storeId={number()}")).status == 404
