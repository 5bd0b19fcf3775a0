"""Two stores live a day of 300 orders of every kind; at its end every book agrees with what was asked and answered."""

import asyncio
from collections import Counter as Tally

from shikanji.kit.clock import HOUR
from tests.harness import Counter
from tests.scenarios.test_audit import audit_of, violated
from tests.scenarios.two_stores import API, COUPON_USES, ORDERS, Day


async def test_every_book_agrees_with_what_was_asked_and_answered(counter: Counter) -> None:
    day = Day(counter, seed=1)
    await day.open()

    await day.live()
    await day.run_out()
    await day.break_holds()
    assert (await day.close_early()).status == 409
    await counter.settle()

    assert ORDERS == 300
    await orders_and_money_agree(day)
    await shelves_agree(day)
    await points_and_coupons_agree(day)
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
