"""Two stores live a day of 300 orders of every kind; at its end every book agrees with what was asked and answered."""

import asyncio
from collections import Counter as Tally
from functools import partial
from typing import Any

from shikanji.kit.clock import HOUR
from tests.harness import Client, Counter
from tests.probing import until
from tests.scenarios.audited_day import audit_of, violated
from tests.scenarios.two_stores import API, COUPON_USES, ORDERS, Day, Lived, figures


async def test_every_book_agrees_with_what_was_asked_and_answered(counter: Counter) -> None:
    day = Day(counter, seed=1)
    await day.open()

    await day.live()
    await day.run_out()
    await day.review()
    await day.break_holds()
    assert (await day.close_early()).status == 409
    await day.end()

    assert ORDERS == 300
    await orders_and_money_agree(day)
    await shelves_agree(day)
    await points_and_coupons_agree(day)
    await reports_agree(day)
    await invoices_agree(day)
    await messages_agree(day)
    await ratings_agree(day)
    report = await asyncio.to_thread(audit_of, counter.databases, ahead=HOUR if day.clock_moves else 0)
    assert violated(report) == set(), report


async def orders_and_money_agree(day: Day) -> None:
    for order in day.orders:
        found = (await day.admin.get(f"{API}/orders/{order.id}")).data
        assert found["status"] == order.status, (order.way, found["timeline"])
        payments = (await day.admin.get(f"{API}/payments/order/{order.id}")).data
        captured, refunded = (sum(payment[what] for payment in payments) for what in ("captured", "refunded"))
        assert (captured, refunded) == (order.captured, order.refunded), order.way


async def shelves_agree(day: Day) -> None:
    sold: Tally[tuple[str, str]] = Tally()
    for order in day.orders:
        for product, pieces in order.pieces.items() if order.took_stock else ():
            sold[order.store_id, product] += pieces - order.gave_back[product]
    for (store, product), pieces in day.stocked.items():
        found = (await day.admin.get(f"{API}/inventory/{product}?storeId={store}")).data
        assert found["onHand"] == pieces - sold[store, product]


async def points_and_coupons_agree(day: Day) -> None:
    used = sum(order.placed["couponCode"] is not None and order.cancelled_for == "" for order in day.orders)
    assert 0 < used <= COUPON_USES
    assert (await day.admin.get(f"{API}/campaigns/{day.campaign_id}")).data["used"] == used
    for buyer in day.buyers:
        mine = [order for order in day.orders if order.buyer.id == buyer.id]
        earned = sum(order.points for order in mine)
        spent = sum(order.points_spent for order in mine)
        member = (await day.admin.get(f"{API}/loyalty/customer/{buyer.id}")).data
        assert member["points"] == earned - spent, [order.way for order in mine]


async def reports_agree(day: Day) -> None:
    days = [order.day for order in day.orders]
    span = f"from={min(days)}&to={max(days)}"
    for store in day.stores:
        mine = day.orders_of(store)
        asked = f"{API}/analytics/sales?storeId={store['id']}&{span}"
        assert agreeing((await day.admin.get(asked)).data["total"], mine) == figures(mine)
        for row in (await day.admin.get(f"{asked}&grain=month&by=fulfilment")).data["rows"]:
            of_part = [order for order in mine if order.placed["fulfilment"] == row["key"]]
            assert agreeing(row, of_part) == figures(of_part)
        cash = [order for order in mine if order.placed["paymentMethod"] == "cod" and order.captured]
        rows = (await day.admin.get(f"{asked}&grain=month&by=method")).data["rows"]
        assert sum(row["paid"] for row in rows if row["key"] == "cod") == sum(order.captured for order in cash)
        assert sum(row["revenue"] for row in rows) == figures(mine)["revenue"]
        dashboard = (await day.admin.get(f"{API}/analytics/dashboard?storeId={store['id']}")).data
        today = [order for order in mine if str(order.day) == dashboard["day"]]
        assert agreeing(dashboard, today) == figures(today)


async def invoices_agree(day: Day) -> None:
    """One for every order that was paid and stayed, perhaps one for an order that was called off at once, and a credit
    note for each time that money of an invoiced one went back; what was paid twice was never on one. Numbers without a
    gap."""
    for store in day.stores:
        mine = [order for order in day.orders_of(store) if order.captured]
        # They are written some seconds later, and a minute after an order that was confirmed late.
        await until(
            partial(are_invoiced, day, store["id"], mine), "what was paid is invoiced and what went back credited"
        )
        invoices, notes = await invoices_of(day, store["id"])
        invoiced = {each["orderId"]: each["total"] for each in invoices}
        assert len(invoiced) == len(invoices)
        assert invoiced == {order.id: order.total for order in mine if order.counts or order.id in invoiced}
        credited: Tally[str] = Tally()
        for note in notes:
            credited[note["orderId"]] += note["total"]
        assert credited == {
            order.id: back for order in mine if order.id in invoiced and (back := order.refunded - order.excess)
        }
        for series in (invoices, notes):
            serials = sorted(int(each["number"].rpartition("/")[2].removeprefix("C")) for each in series)
            assert serials == list(range(1, len(series) + 1))


async def invoices_of(day: Day, store_id: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Invoices, and credit notes."""
    path = f"{API}/payments/invoices?storeId={store_id}&kind="
    return await every(day.admin, f"{path}invoice"), await every(day.admin, f"{path}credit_note")


async def are_invoiced(day: Day, store_id: str, paid: list[Lived]) -> bool:
    invoices, notes = await invoices_of(day, store_id)
    invoiced, credited = {each["orderId"] for each in invoices}, sum(note["total"] for note in notes)
    back = sum(order.refunded - order.excess for order in paid if order.id in invoiced)
    return invoiced >= {order.id for order in paid if order.counts} and credited == back


async def messages_agree(day: Day) -> None:
    """Everybody was told of what became of his orders and his money, once."""
    for buyer in day.buyers:
        mine = [order for order in day.orders if order.buyer.id == buyer.id]
        told = Tally(each["kind"] for each in await every(buyer, f"{API}/notifications/user/{buyer.id}?"))
        assert told["order-confirmed"] == sum(order.was_confirmed for order in mine)
        assert told["order-cancelled"] == sum(order.cancellations for order in mine)
        assert told["order-completed"] == sum(order.status == "completed" for order in mine)
        assert told["payment-receipt"] == sum(order.payments for order in mine)
        assert told["refund-completed"] == sum(order.refunds for order in mine)


async def ratings_agree(day: Day) -> None:
    for store in day.stores:
        found = (await day.counter.anonymous.get(f"{API}/reviews/store/{store['id']}/summary")).data
        assert found["distribution"] == [day.ratings.get(store["id"], []).count(stars) for stars in range(1, 6)]
    for product in day.products:
        found = (await day.counter.anonymous.get(f"{API}/reviews/product/{product['id']}/summary")).data
        before = day.rated_before[product["id"]]
        given = day.ratings.get(product["id"], [])
        assert [now - then for now, then in zip(found["distribution"], before, strict=True)] == [
            given.count(stars) for stars in range(1, 6)
        ]


async def every(client: Client, path: str) -> list[dict[str, Any]]:
    """All pages."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = await client.get(f"{path}&limit=100{cursor}")
        found += answer.data
        if answer.cursor is None:
            return found
        cursor = f"&cursor={answer.cursor}"


def agreeing(report: dict[str, Any], orders: list[Lived]) -> dict[str, int]:
    """Of a report what is recounted."""
    return {name: report[name] for name in figures(orders)}
