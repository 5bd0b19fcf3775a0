"""An order by itself: each change of state with its events, its entry and its deadline."""

from typing import Any

import msgspec
import pytest

from shikanji.contracts.order import (
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderStatus,
    OrderStatusChanged,
    RefundRequested,
)
from shikanji.kit.auth import Principal
from shikanji.kit.clock import HOUR, MINUTE
from shikanji.kit.errors import Invalid
from shikanji.services.order.errors import (
    AssignmentNotAllowed,
    IllegalStep,
    NotUnderway,
    ShortPayment,
    StepNotAllowed,
    TooEarly,
)
from shikanji.services.order.model.edges import Actor
from shikanji.services.order.model.lines import encode_lines, lines_hash
from shikanji.services.order.model.order import COMPLETION, PAYMENT_WINDOW, Order, Timer
from shikanji.services.order.model.revival import Revival
from tests.kit.databases import NOON
from tests.services.order.makers import (
    COMPLETION_DELAY,
    CUSTOMER,
    ORDER,
    PAYMENT,
    SHIKANJI,
    STORE,
    WINDOW,
    acting,
    loaded,
    make_line,
    make_order,
    make_placing,
    make_sums,
    told,
)


def place(**changes: Any) -> Order:
    return Order.place(make_placing(**changes), at=NOON, number="MGR-261122-0001", payment_window=WINDOW)


def move(order: Order, new: OrderStatus, actor: Actor, at: int = NOON) -> None:
    order.move(new, actor, at, completion_delay=COMPLETION_DELAY)


def test_an_online_order_waits_for_its_money_until_its_deadline() -> None:
    order = place()

    assert (order.status, order.version, order.payment_deadline) == ("pending", 1, NOON + WINDOW)
    assert order.timer == Timer(PAYMENT_WINDOW, NOON + WINDOW)
    assert told(order) == ["OrderCreated", "OrderStatusChanged"]
    assert order.told[1] == OrderStatusChanged(
        order_id=ORDER, customer_id=CUSTOMER, store_id=STORE, old=None, new="pending", by=CUSTOMER
    )


def test_a_cash_order_is_placed_and_confirmed_in_one_breath() -> None:
    order = place(payment_method="cod")

    assert (order.status, order.version, order.payment_deadline, order.timer) == ("confirmed", 2, None, None)
    assert [(entry.version, entry.status, entry.by) for entry in order.entries] == [
        (1, "pending", CUSTOMER),
        (2, "confirmed", "system"),
    ]
    assert told(order) == ["OrderCreated", "OrderStatusChanged", "OrderConfirmed", "OrderStatusChanged"]


def test_an_order_that_costs_nothing_waits_for_no_payment() -> None:
    order = place(sums=make_sums(make_line(unit_price=0), fulfilment="pickup"), fulfilment="pickup")

    assert (order.total, order.status, order.payment_deadline) == (0, "confirmed", None)


def test_the_event_of_a_new_order_carries_its_sums_and_lines() -> None:
    order = place()
    created = order.told[0]

    assert isinstance(created, OrderCreated)
    assert created.total == created.subtotal + created.delivery_fee + created.tax == order.total == 19_950
    assert (created.discount, created.points_discount, created.attempt) == (0, 0, 1)
    assert [(line.product_id, line.quantity, line.line_total, line.tax) for line in created.lines] == [
        (SHIKANJI, 2, 16_000, 800)
    ]
    assert created.payment_deadline == NOON + WINDOW


def test_money_confirms_a_pending_order_and_ends_its_deadline() -> None:
    order = make_order()

    order.confirm(NOON + MINUTE)

    assert (order.status, order.deadline, order.timer) == ("confirmed", None, None)
    assert told(order) == ["OrderConfirmed", "OrderStatusChanged"]
    assert isinstance(order.told[0], OrderConfirmed)
    assert order.told[0].attempt == 1


@pytest.mark.parametrize("status", ["confirmed", "preparing", "ready", "completed", "cancelled"])
def test_money_confirms_nothing_else(status: OrderStatus) -> None:
    with pytest.raises(IllegalStep):
        make_order(status).confirm(NOON)


def test_less_than_the_total_confirms_nothing() -> None:
    order = make_order()

    order.check_paid(order.total)
    with pytest.raises(ShortPayment):
        order.check_paid(order.total - 1)


def test_the_way_of_a_delivery() -> None:
    order = make_order("confirmed")

    for new, role in (
        ("preparing", "chef"),
        ("ready", "chef"),
        ("dispatched", "delivery"),
        ("delivered", "delivery"),
        ("completed", "cashier"),
    ):
        move(order, new, acting(role))  # type: ignore[arg-type]

    assert order.status == "completed"
    assert [entry.status for entry in order.entries] == ["preparing", "ready", "dispatched", "delivered", "completed"]
    assert told(order)[::2] == ["OrderPreparing", "OrderReady", "OrderDispatched", "OrderDelivered", "OrderCompleted"]
    assert told(order)[1::2] == ["OrderStatusChanged"] * 5


def test_versions_count_the_steps_without_a_gap() -> None:
    order = make_order("confirmed", fulfilment="pickup")
    before = order.version

    for new in ("preparing", "ready", "completed"):
        move(order, new, acting("manager"))

    assert [entry.version for entry in order.entries] == [before + 1, before + 2, before + 3]
    assert order.version == before + 3


def test_no_step_is_taken_that_is_not_in_the_table() -> None:
    order = make_order("completed")

    with pytest.raises(IllegalStep):
        order._take("pending", "someone", NOON, order.told)  # type: ignore[arg-type]
    assert order.version == 5


def test_the_status_that_it_has_already_changes_nothing() -> None:
    order = make_order("preparing")

    move(order, "preparing", acting("delivery"))

    assert (order.told, order.entries, order.version) == ([], [], 5)


def test_the_owner_moves_nothing_not_even_to_the_same_status() -> None:
    with pytest.raises(StepNotAllowed):
        move(make_order("preparing"), "preparing", acting("owner"))


def test_a_delivered_order_is_completed_by_the_clock_unless_someone_is_faster() -> None:
    order = make_order("dispatched")
    move(order, "delivered", acting("delivery"), NOON)
    assert order.timer == Timer(COMPLETION, NOON + COMPLETION_DELAY)

    order.complete_by_clock(NOON + COMPLETION_DELAY)
    order.complete_by_clock(NOON + COMPLETION_DELAY)

    assert [(entry.status, entry.by) for entry in order.entries[1:]] == [("completed", "system")]
    assert order.deadline is None
    assert told(order)[2:] == ["OrderCompleted", "OrderStatusChanged"]


def test_completing_by_hand_ends_the_timer() -> None:
    order = make_order("dispatched")

    move(order, "delivered", acting("delivery"))
    move(order, "completed", acting("cashier"))

    assert order.timer is None


def test_a_scheduled_order_is_not_begun_too_early() -> None:
    eight = NOON + 8 * HOUR
    order = make_order("confirmed", scheduled_for=eight)
    first = eight - (15 + 30) * MINUTE

    with pytest.raises(TooEarly, match="not to be begun before 2026-11-22T13:45:00"):
        move(order, "preparing", acting("chef"), first - 1)
    move(order, "preparing", acting("chef"), first)

    assert order.status == "preparing"


def test_who_begins_to_cook_or_deliver_is_the_cook_or_the_courier() -> None:
    order = make_order("confirmed")

    move(order, "preparing", acting("chef", id="ravi"))
    move(order, "ready", acting("chef", id="ravi"))
    move(order, "dispatched", acting("delivery", id="devi"))

    assert (order.cook_id, order.courier_id) == ("ravi", "devi")


def test_who_was_named_before_stays_and_a_manager_names_nobody_by_moving() -> None:
    order = make_order("confirmed")
    order.cook_id = "ravi"

    move(order, "preparing", acting("chef", id="sita"))
    move(order, "ready", acting("manager"))
    move(order, "dispatched", acting("manager"))

    assert (order.cook_id, order.courier_id) == ("ravi", None)


def test_an_order_without_its_money_in_time_is_cancelled_by_the_clock() -> None:
    order = make_order()

    order.time_out(NOON + WINDOW)

    cancelled = order.told[0]
    assert isinstance(cancelled, OrderCancelled)
    assert (order.status, order.timed_out, order.timer) == ("cancelled", True, None)
    assert (cancelled.cause, cancelled.previous, cancelled.by, cancelled.attempt) == (
        "payment_timeout",
        "pending",
        "system",
        1,
    )


@pytest.mark.parametrize("status", ["confirmed", "preparing", "cancelled", "completed"])
def test_the_end_of_the_window_means_nothing_to_others(status: OrderStatus) -> None:
    order = make_order(status)

    order.time_out(NOON + WINDOW)

    assert (order.status, order.told) == (status, [])


@pytest.mark.parametrize("status", ["pending", "confirmed"])
def test_what_was_not_begun_goes_back_on_the_shelf_whole(status: OrderStatus) -> None:
    order = make_order(status)

    order.cancel("changed my mind", acting("owner", id=CUSTOMER), NOON, restock=set())

    cancelled = order.told[0]
    assert isinstance(cancelled, OrderCancelled)
    assert (cancelled.cause, cancelled.reason, cancelled.by) == ("customer", "changed my mind", CUSTOMER)
    assert [(line.line_id, line.product_id, line.quantity) for line in cancelled.restock] == [("line-1", SHIKANJI, 2)]


def test_of_what_was_begun_only_marked_lines_go_back() -> None:
    sums = make_sums(make_line("line-1"), make_line("line-2"))
    order = make_order("preparing", sums=sums)

    order.cancel("spilt", acting("manager"), NOON, restock={"line-2"})

    cancelled = order.told[0]
    assert isinstance(cancelled, OrderCancelled)
    assert (cancelled.cause, [line.line_id for line in cancelled.restock]) == ("staff", ["line-2"])


def test_only_lines_of_the_order_go_back() -> None:
    with pytest.raises(Invalid, match="restock"):
        make_order("ready").cancel("spilt", acting("manager"), NOON, restock={"line-9"})


def test_a_manager_who_cancels_their_own_order_does_it_as_its_customer_while_a_customer_can() -> None:
    before, after = make_order("confirmed"), make_order("preparing")

    before.cancel("no", acting("owner", "manager"), NOON, restock=set())
    after.cancel("no", acting("owner", "manager"), NOON, restock=set())

    assert (before.cancel_cause, after.cancel_cause) == ("customer", "staff")


def test_a_cancelled_order_is_not_cancelled_again() -> None:
    with pytest.raises(IllegalStep, match="What is cancelled stays so"):
        make_order("cancelled").cancel("again", acting("owner"), NOON, restock=set())


@pytest.mark.parametrize("status", ["pending", "confirmed"])
def test_an_order_whose_stock_is_gone_is_cancelled(status: OrderStatus) -> None:
    order = make_order(status)

    order.lose_stock(NOON, 1)

    assert (order.status, order.cancel_cause, order.timed_out) == ("cancelled", "out_of_stock", False)


@pytest.mark.parametrize("status", ["preparing", "ready", "dispatched", "delivered", "completed", "cancelled"])
def test_what_is_being_made_already_lost_no_stock(status: OrderStatus) -> None:
    order = make_order(status)

    order.lose_stock(NOON, 1)

    assert order.told == []


def test_the_loss_of_an_earlier_attempt_does_not_touch_a_revived_order() -> None:
    order = make_order()
    order.time_out(NOON)
    order.revive(NOON, attempt=2, estimated_at=NOON)

    loaded(order).lose_stock(NOON, 1)
    assert told(order) == []
    order.lose_stock(NOON, 2)
    assert told(order) == ["OrderCancelled", "OrderStatusChanged"]


def test_late_money_revives_only_what_the_clock_cancelled() -> None:
    order = make_order()
    order.time_out(NOON)
    loaded(order)

    order.revive(NOON + HOUR, attempt=2, estimated_at=NOON + 2 * HOUR)

    assert (order.status, order.attempt, order.cancel_cause, order.cancel_reason) == ("confirmed", 2, None, None)
    assert order.estimated_at == NOON + 2 * HOUR
    assert isinstance(order.told[0], OrderConfirmed)
    assert order.told[0].attempt == 2
    with pytest.raises(IllegalStep):
        make_order("cancelled").revive(NOON, attempt=2, estimated_at=NOON)


def test_money_that_is_not_used_is_asked_to_go_back() -> None:
    order = make_order()

    order.want_refund(PAYMENT)

    assert order.told == [RefundRequested(order_id=ORDER, payment_id=PAYMENT, cause="late")]


def test_a_manager_gives_out_work() -> None:
    order = make_order("confirmed")

    order.assign(acting("manager"), cook_id="ravi", courier_id="devi")
    order.assign(acting("admin"), cook_id=None, courier_id="devi")

    assert (order.cook_id, order.courier_id) == (None, "devi")


def test_a_chef_takes_work_and_gives_it_back_but_not_to_others() -> None:
    order = make_order("confirmed")
    ravi, sita = acting("chef", id="ravi"), acting("chef", id="sita")

    order.assign(ravi, cook_id="ravi", courier_id=None)
    with pytest.raises(AssignmentNotAllowed):
        order.assign(sita, cook_id="sita", courier_id=None)
    with pytest.raises(AssignmentNotAllowed):
        order.assign(ravi, cook_id="sita", courier_id=None)
    order.assign(ravi, cook_id=None, courier_id=None)
    order.assign(sita, cook_id="sita", courier_id=None)

    assert order.cook_id == "sita"


@pytest.mark.parametrize("role", ["chef", "cashier", "support", "owner"])
def test_only_couriers_take_deliveries(role: Any) -> None:
    with pytest.raises(AssignmentNotAllowed):
        make_order("ready").assign(acting(role, id="x"), cook_id=None, courier_id="x")


@pytest.mark.parametrize("role", ["chef", "cashier", "support", "owner"])
def test_only_couriers_and_managers_say_where_an_order_is(role: Any) -> None:
    with pytest.raises(StepNotAllowed):
        make_order("dispatched").check_followed_by(acting(role))


def test_of_couriers_it_is_the_one_who_has_the_order() -> None:
    order = make_order("dispatched")

    order.check_followed_by(acting("delivery", id="devi"))
    order.courier_id = "devi"
    order.check_followed_by(acting("delivery", id="devi"))
    order.check_followed_by(acting("manager"))
    with pytest.raises(StepNotAllowed):
        order.check_followed_by(acting("delivery", id="other"))


@pytest.mark.parametrize("status", ["ready", "delivered", "cancelled"])
def test_only_what_is_on_its_way_is_followed(status: OrderStatus) -> None:
    with pytest.raises(NotUnderway):
        make_order(status).check_followed_by(acting("delivery"))


@pytest.mark.parametrize("status", ["cancelled", "completed"])
def test_nobody_works_on_what_is_over(status: OrderStatus) -> None:
    order = make_order(status)

    order.assign(acting("manager"), cook_id=None, courier_id=None)
    with pytest.raises(IllegalStep):
        order.assign(acting("manager"), cook_id="ravi", courier_id=None)


def test_what_payment_learns_sums_to_the_total() -> None:
    standing = make_order().standing()

    assert sum(line.paid for line in standing.lines) + standing.delivery_paid == standing.total
    assert (standing.status, standing.payment_method, standing.payment_deadline) == ("pending", "online", NOON + WINDOW)


def test_lines_that_were_changed_no_longer_have_their_hash() -> None:
    order = make_order()
    tampered = [msgspec.structs.replace(line, quantity=99) for line in order.lines]

    assert lines_hash(order.lines_document) == order.lines_hash
    assert lines_hash(encode_lines(tampered)) != order.lines_hash
    assert encode_lines(order.lines) == order.lines_document


def test_a_revival_is_open_until_it_is_confirmed_or_refused() -> None:
    confirmed = Revival.open(ORDER, attempt=2, at=NOON, until=NOON + HOUR)
    refused = Revival.open(ORDER, attempt=2, at=NOON, until=NOON + HOUR)
    assert confirmed.state == "open"

    confirmed.confirm(NOON + 1)
    refused.refuse(NOON + 2, "the store is closed")

    assert (confirmed.state, confirmed.closed_at) == ("confirmed", NOON + 1)
    assert (refused.state, refused.closed_at, refused.reason) == ("refused", NOON + 2, "the store is closed")


def test_a_principal_without_an_account_owns_nothing() -> None:
    service = Principal(service="payment", admin=True)

    assert Actor.of(service, customer_id="", store_id=STORE).capacities == {"admin"}
