"""One order: each change of its state makes its events and its timeline entry in the same small method."""

from typing import NamedTuple

import msgspec

from shikanji.contracts.order import CancelCause, OrderStanding, OrderStatus, PaidLine, PaymentMethod, RefundRequested
from shikanji.contracts.store import Fulfilment
from shikanji.kit.clock import MINUTE, to_rfc3339
from shikanji.kit.errors import Invalid
from shikanji.kit.events import Event
from shikanji.services.order.errors import (
    AssignmentNotAllowed,
    IllegalStep,
    NotUnderway,
    ShortPayment,
    StepNotAllowed,
    TooEarly,
)
from shikanji.services.order.model import events
from shikanji.services.order.model.edges import SYSTEM, Actor, cancelling, check_staff_step, steps_from
from shikanji.services.order.model.lines import (
    Details,
    Line,
    decode_details,
    decode_lines,
    encode_details,
    encode_lines,
    lines_hash,
)
from shikanji.services.order.model.pricing import Sums

EARLY = 30 * MINUTE
"""How much longer than its preparation takes a scheduled order may be begun before its time."""

PAYMENT_WINDOW = "payment-window"
COMPLETION = "completion"


class Timer(NamedTuple):
    kind: str
    at: int


class Entry(msgspec.Struct, frozen=True):
    """One step that was taken: the `version`th of its order."""

    version: int
    status: OrderStatus
    at: int
    by: str


class Placing(msgspec.Struct, frozen=True, kw_only=True):
    """All that an order is made of. Times in µs."""

    order_id: str
    customer_id: str
    store_id: str
    fulfilment: Fulfilment
    payment_method: PaymentMethod
    sums: Sums
    details: Details
    prep_minutes: int
    scheduled_for: int | None
    estimated_at: int
    placed_by: str
    idempotency_key: str


class Order(msgspec.Struct):
    """The columns of its row, in their order, and what has happened to it since it was loaded (its documents are read
    once, when they are asked for). Amounts in paise, times in µs; `version` counts the steps; `attempt` is the one
    under which its holds stand; `deadline` is when the clock takes the next step, if it does; `goods` is paid
    for goods alone, without tax and delivery; `benefits`: 1 where loyalty holds anything for it."""

    id: str
    order_number: str
    customer_id: str
    store_id: str
    fulfilment: Fulfilment
    payment_method: PaymentMethod
    status: OrderStatus
    version: int
    attempt: int
    cancel_cause: CancelCause | None
    cancel_reason: str | None
    subtotal: int
    discount: int
    points_discount: int
    delivery_fee: int
    delivery_fee_tax: int
    delivery_paid: int
    tax: int
    round_off: int
    total: int
    goods: int
    benefits: int
    prep_minutes: int
    scheduled_for: int | None
    estimated_at: int
    payment_deadline: int | None
    deadline: int | None
    placed_at: int
    placed_by: str
    idempotency_key: str
    cook_id: str | None
    courier_id: str | None
    details_document: bytes
    lines_document: bytes
    lines_hash: str
    told: list[Event] = msgspec.field(default_factory=list)
    entries: list[Entry] = msgspec.field(default_factory=list)
    read_lines: list[Line] | None = None
    read_details: Details | None = None

    @classmethod
    def place(cls, placing: Placing, *, at: int, number: str, payment_window: int) -> "Order":
        """A new order, `pending`; confirmed in the same breath where nothing is to be paid online."""
        sums = placing.sums
        waits = placing.payment_method == "online" and sums.total > 0
        payment_deadline = at + payment_window if waits else None
        document = encode_lines(sums.lines)
        order = cls(
            id=placing.order_id,
            order_number=number,
            customer_id=placing.customer_id,
            store_id=placing.store_id,
            fulfilment=placing.fulfilment,
            payment_method=placing.payment_method,
            status="pending",
            version=0,
            attempt=1,
            cancel_cause=None,
            cancel_reason=None,
            subtotal=sums.subtotal,
            discount=sums.discount,
            points_discount=sums.points_discount,
            delivery_fee=sums.delivery_fee,
            delivery_fee_tax=sums.delivery_fee_tax,
            delivery_paid=sums.delivery_paid,
            tax=sums.tax,
            round_off=sums.round_off,
            total=sums.total,
            goods=sums.goods,
            benefits=int(sums.benefits),
            prep_minutes=placing.prep_minutes,
            scheduled_for=placing.scheduled_for,
            estimated_at=placing.estimated_at,
            payment_deadline=payment_deadline,
            deadline=payment_deadline,
            placed_at=at,
            placed_by=placing.placed_by,
            idempotency_key=placing.idempotency_key,
            cook_id=None,
            courier_id=None,
            details_document=encode_details(placing.details),
            lines_document=document,
            lines_hash=lines_hash(document),
            read_lines=sums.lines,
            read_details=placing.details,
        )
        order._take("pending", placing.placed_by, at, events.created(order, sums.lines))
        if not waits:
            order.confirm(at)
        return order

    @property
    def lines(self) -> list[Line]:
        if self.read_lines is None:
            self.read_lines = decode_lines(self.lines_document)
        return self.read_lines

    @property
    def details(self) -> Details:
        if self.read_details is None:
            self.read_details = decode_details(self.details_document)
        return self.read_details

    @property
    def timer(self) -> Timer | None:
        """By which the clock takes the next step."""
        if self.deadline is None:
            return None
        return Timer(PAYMENT_WINDOW if self.status == "pending" else COMPLETION, self.deadline)

    @property
    def timed_out(self) -> bool:
        """The only kind of cancelled order that late money may bring back."""
        return self.status == "cancelled" and self.cancel_cause == "payment_timeout"

    def confirm(self, at: int) -> None:
        """The pivot: what was reserved is sold from here on."""
        if self.status != "pending":
            raise IllegalStep(f"An order that is {self.status} is not confirmed by a payment.")
        self.deadline = None
        self._take("confirmed", SYSTEM.id, at, events.confirmed(self))

    def revive(self, at: int, *, attempt: int, estimated_at: int) -> None:
        """Late money came, and all was held again under `attempt`: the only edge out of cancelled."""
        if not self.timed_out:
            raise IllegalStep("Only an order whose payment window ended can be revived.")
        self.attempt, self.estimated_at = attempt, estimated_at
        self.cancel_cause = self.cancel_reason = None
        self._take("confirmed", SYSTEM.id, at, events.confirmed(self))

    def move(self, new: OrderStatus, actor: Actor, at: int, *, completion_delay: int) -> None:
        """One step onward by a person of the store; the status that it has already changes nothing. Whoever begins to
        cook or to deliver is the cook or the courier, unless someone is named already."""
        if actor.staff and new == self.status:
            return
        check_staff_step(actor, self.status, new, self.fulfilment)
        if new == "preparing":
            self._not_too_early(at)
            if "chef" in actor.capacities:
                self.cook_id = self.cook_id or actor.id
        if new == "dispatched" and "delivery" in actor.capacities:
            self.courier_id = self.courier_id or actor.id
        self.deadline = at + completion_delay if new == "delivered" else None
        self._take(new, actor.id, at, events.reached(self, new, actor.id))

    def complete_by_clock(self, at: int) -> None:
        """Delivered long enough ago; nothing where someone was faster."""
        if self.status == "delivered":
            self.deadline = None
            self._take("completed", SYSTEM.id, at, events.reached(self, "completed", SYSTEM.id))

    def time_out(self, at: int) -> None:
        """The payment window has ended; nothing where the money came."""
        if self.status == "pending":
            self._cancel("payment_timeout", "The payment did not come in time.", SYSTEM, at, set())

    def lose_stock(self, at: int, attempt: int) -> None:
        """The hold under `attempt` was broken. Nothing to an order that stands under another, has ended, or is being
        made already."""
        if self.status in ("pending", "confirmed") and attempt == self.attempt:
            self._cancel("out_of_stock", "Something in it ran out.", SYSTEM, at, set())

    def cancel(self, reason: str, actor: Actor, at: int, *, restock: set[str]) -> None:
        """By a person. What was not begun goes back on the shelf; of the rest the lines named in `restock` do."""
        edge = cancelling(actor, self.status, self.fulfilment)
        known = {line.id for line in self.lines}
        if not restock <= known:
            raise Invalid.field("restock", "names a line that the order does not have")
        own = "owner" in actor.capacities and "owner" in edge.who
        self._cancel("customer" if own else "staff", reason, actor, at, restock)

    def assign(self, actor: Actor, *, cook_id: str | None, courier_id: str | None) -> None:
        """Who cooks and who delivers. A manager names anyone; a chef or a courier takes the work or gives it back."""
        if not actor.capacities & {"manager", "admin", "chef", "delivery"}:
            raise AssignmentNotAllowed("Work is given out by the manager, or taken by those who do it.")
        if cook_id != self.cook_id:
            _may_assign(actor, "chef", self.cook_id, cook_id)
        if courier_id != self.courier_id:
            _may_assign(actor, "delivery", self.courier_id, courier_id)
        if (cook_id, courier_id) == (self.cook_id, self.courier_id):
            return
        if self.status in ("cancelled", "completed"):
            raise IllegalStep(f"Nobody works on an order that is {self.status}.")
        self.cook_id, self.courier_id = cook_id, courier_id

    def check_followed_by(self, actor: Actor) -> None:
        """Whether `actor` may say where the order is: its courier, any courier while none is named, or a manager."""
        if not actor.capacities & {"manager", "admin"} and (
            "delivery" not in actor.capacities or self.courier_id not in (None, actor.id)
        ):
            raise StepNotAllowed("Only its courier says where an order is.")
        if self.status != "dispatched":
            raise NotUnderway(f"The order is {self.status}; only a dispatched one is followed.")

    def check_paid(self, amount: int) -> None:
        if amount < self.total:
            raise ShortPayment(f"{amount} paise of {self.total} were paid for order {self.id}.")

    def want_refund(self, payment_id: str) -> None:
        """This late payment will not be used."""
        self.told.append(RefundRequested(order_id=self.id, payment_id=payment_id, cause="late"))

    def standing(self) -> OrderStanding:
        return OrderStanding(
            order_id=self.id,
            order_number=self.order_number,
            customer_id=self.customer_id,
            store_id=self.store_id,
            status=self.status,
            cancel_cause=self.cancel_cause,
            payment_method=self.payment_method,
            total=self.total,
            delivery_paid=self.delivery_paid,
            payment_deadline=self.payment_deadline,
            lines=[
                PaidLine(line_id=line.id, product_id=line.product_id, quantity=line.quantity, paid=line.paid)
                for line in self.lines
            ],
        )

    def _not_too_early(self, at: int) -> None:
        if self.scheduled_for is None:
            return
        first = self.scheduled_for - self.prep_minutes * MINUTE - EARLY
        if at < first:
            raise TooEarly(f"It is for {to_rfc3339(self.scheduled_for)}: not to be begun before {to_rfc3339(first)}.")

    def _cancel(self, cause: CancelCause, reason: str, actor: Actor, at: int, restock: set[str]) -> None:
        untouched = self.status in ("pending", "confirmed")
        back = [line for line in self.lines if untouched or line.id in restock]
        self.cancel_cause, self.cancel_reason, self.deadline = cause, reason, None
        self._take("cancelled", actor.id, at, events.cancelled(self, cause, reason, back, actor.id))

    def _take(self, new: OrderStatus, by: str, at: int, event: Event) -> None:
        old = self.status if self.version else None
        if old is not None and all(edge.new != new for edge in steps_from(old, self.fulfilment)):
            raise IllegalStep(f"An order that is {old} cannot become {new}.")
        self.status = new
        self.version += 1
        self.entries.append(Entry(self.version, new, at, by))
        self.told += [event, events.status_changed(self, old, by)]


def _may_assign(actor: Actor, trade: str, old: str | None, new: str | None) -> None:
    if actor.capacities & {"manager", "admin"}:
        return
    if trade not in actor.capacities:
        raise AssignmentNotAllowed("Work is given out by the manager, or taken by those who do it.")
    if {old, new} - {None, actor.id}:
        raise AssignmentNotAllowed("You can take this work or give your own back, not give it to others.")
