"""Who is told what, on which way: once for each fact, whatever comes twice, late or in another order."""

from typing import Any

import pytest

from shikanji.contracts.customer import CustomerRegistered
from shikanji.contracts.inventory import LowStockAlert
from shikanji.contracts.loyalty import PointsEarned, TierUpgraded
from shikanji.contracts.order import OrderCancelled, OrderCompleted, OrderDelivered
from shikanji.contracts.payment import PaymentCompleted, RefundCompleted
from shikanji.kit.clock import HOUR
from tests.services.notification.desk import Desk
from tests.services.notification.makers import (
    ASHA,
    MANAGER,
    ORDER,
    PRODUCT,
    RAVI,
    STORE,
    draft,
    make_order,
    step,
)

ENGINES = ["sqlite", "postgres"]


def _cancelled(attempt: int = 1) -> OrderCancelled:
    return OrderCancelled(
        order_id=ORDER,
        customer_id=ASHA,
        store_id=STORE,
        cause="out_of_stock",
        reason="nothing left",
        previous="pending",
        payment_method="online",
        total=12_600,
        attempt=attempt,
        restock=[],
        by="system",
    )


async def test_an_order_that_is_confirmed_when_placed_is_said_to_be_so_once(desk: Desk) -> None:
    await desk.hear(make_order(), step("pending"), step("confirmed"))
    await desk.hear(make_order(), step("confirmed"))

    await desk.settle()

    assert desk.inbox() == ["order-confirmed"]
    assert desk.box.of("email") == ["Your order MGR-261122-0042 is confirmed"]
    assert desk.told() == ["NotificationSent"]


async def test_an_order_to_be_paid_is_first_taken_and_confirmed_later(desk: Desk) -> None:
    await desk.hear(make_order(cod=False), step("pending"))
    assert desk.inbox() == ["order-placed"]

    await desk.hear(step("confirmed"))
    await desk.settle()

    assert desk.inbox() == ["order-placed", "order-confirmed"]
    assert len(desk.box.of("email")) == 1


async def test_a_confirmation_that_comes_before_its_order_waits_for_what_it_says(desk: Desk) -> None:
    await desk.hear(step("confirmed"))
    await desk.settle()
    assert desk.box.sent == []

    await desk.hear(make_order())
    desk.database.clock.advance(HOUR)
    await desk.settle()

    assert desk.inbox() == ["order-confirmed"]
    assert desk.box.of("email") == ["Your order MGR-261122-0042 is confirmed"]


async def test_each_step_of_an_order_is_told_once(desk: Desk) -> None:
    await desk.hear(make_order())
    for new in ("preparing", "ready", "dispatched", "delivered", "completed"):
        await desk.hear(step(new))
        await desk.hear(step(new))
    await desk.settle()

    steps = ["preparing", "ready", "dispatched", "delivered", "completed"]
    assert desk.inbox() == ["order-confirmed", *(f"order-{new}" for new in steps)]
    assert [message.channel for message in desk.box.sent].count("sms") == 2


async def test_many_orders_in_one_batch_are_told_to_their_own_customers(desk: Desk) -> None:
    orders = [make_order(f"{ORDER[:-2]}{number:02}", RAVI if number % 2 else ASHA) for number in range(20)]

    await desk.hear(*orders)
    await desk.settle()

    counts = desk.database.query("SELECT customer_id, count(*) FROM notifications GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in counts] == [(ASHA, 10), (RAVI, 10)]
    assert len(desk.box.of("email")) == 20


async def test_a_cancellation_says_why_and_a_second_one_after_late_money_is_told_too(desk: Desk) -> None:
    await desk.hear(make_order(cod=False), _cancelled(), _cancelled(), _cancelled(2))
    await desk.settle()

    assert desk.inbox() == ["order-placed", "order-cancelled", "order-cancelled"]
    assert "something in it ran out" in desk.box.sent[0].text


async def test_money_in_and_money_back_are_receipted(desk: Desk) -> None:
    about = {"payment_id": "p1", "order_id": ORDER, "customer_id": ASHA, "store_id": STORE}
    paid = PaymentCompleted(**about, amount=12_600, provider="sandbox", method="upi", captured_at=1)
    refunded = RefundCompleted(**about, refund_id="r1", amount=6_000, cause="requested")

    await desk.hear(make_order(), paid, paid, refunded, refunded)
    await desk.settle()

    assert sorted(desk.inbox()) == ["order-confirmed", "payment-receipt", "refund-completed"]
    assert "We have received ₹126.00" in desk.box.of("email")
    assert desk.box.of("sms") == ["₹60.00 is on its way back to you"]


async def test_who_registers_is_welcomed_in_his_language(desk: Desk) -> None:
    desk.others.change(language="hi")

    await desk.hear(CustomerRegistered(customer_id=ASHA, language="hi"))
    await desk.settle()

    assert desk.box.of("email") == ["जैन शिकंजी में आपका स्वागत है"]


async def test_low_stock_is_told_to_the_stores_managers(desk: Desk) -> None:
    alert = LowStockAlert(stock_id="s1", product_id=PRODUCT, store_id=STORE, available=7, reorder_point=10)

    await desk.hear(alert, alert)
    await desk.settle()

    assert desk.database.query("SELECT DISTINCT customer_id FROM notifications")[0][0] == MANAGER
    assert desk.box.of("email") == ["Low on Masala Chaas"]
    assert "7 of Masala Chaas are left" in desk.box.sent[0].text


async def test_a_review_is_asked_for_once_some_time_after_the_hand_over(desk: Desk) -> None:
    about: dict[str, Any] = {"order_id": ORDER, "customer_id": ASHA, "store_id": STORE, "total": 1, "by": "x"}
    about |= {"payment_method": "cod"}
    delivered = OrderDelivered(**about)
    completed = OrderCompleted(**about, fulfilment="delivery")
    await desk.hear(make_order(), delivered, completed, delivered)
    await desk.settle()
    assert "review-prompt" not in desk.inbox()

    desk.database.clock.advance(2 * HOUR)
    await desk.settle()

    assert desk.inbox().count("review-prompt") == 1


async def test_presents_are_told_and_points_of_orders_are_not(desk: Desk) -> None:
    await desk.hear(
        PointsEarned(customer_id=ASHA, points=5, balance=5, earned_for="order"),
        PointsEarned(customer_id=RAVI, points=100, balance=100, earned_for="birthday"),
        TierUpgraded(customer_id=ASHA, old="bronze", new="silver", earned=1_000),
    )

    assert sorted(desk.inbox()) == ["points-given", "tier-upgraded"]


async def test_what_was_declined_is_not_sent(desk: Desk) -> None:
    wanted = [{"channel": "email", "topic": "orders", "enabled": False}]
    await desk.ask("PUT", f"/preferences/{ASHA}", {"preferences": wanted})

    await desk.hear(make_order())
    await desk.settle()

    assert desk.inbox() == ["order-confirmed"]
    assert desk.box.sent == []


async def test_advertising_waits_for_consent_also_in_the_app(desk: Desk) -> None:
    desk.others.change(RAVI, marketing_since=5)
    said: dict[str, Any] = {"data": {"title": "Mango week", "text": "Less"}}

    await desk.tell(draft("announcement", customer_id=ASHA, **said), draft("announcement", customer_id=RAVI, **said))
    await desk.settle()

    shown = desk.database.query("SELECT customer_id FROM notifications WHERE shown = 1")
    assert [tuple(row) for row in shown] == [(RAVI,)]
    assert [message.to for message in desk.box.sent] == [desk.others.contacts[RAVI].email]
    consents = desk.database.query("SELECT DISTINCT consent_at FROM notification_logs WHERE state = 'sent'")
    assert [tuple(row) for row in consents] == [(5,)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"email": None}, "no mail address"),
        ({"channels": ["sms"]}, "this way is not among those that were chosen"),
    ],
)
async def test_who_cannot_be_reached_or_chose_another_way_is_left_out(
    desk: Desk, changes: dict[str, Any], reason: str
) -> None:
    desk.others.change(**changes)

    await desk.hear(make_order())
    await desk.settle()

    rows = desk.database.query("SELECT state, error FROM notification_logs WHERE channel = 'email'")
    assert [tuple(row) for row in rows] == [("skipped", reason)]
    assert desk.told() == []
