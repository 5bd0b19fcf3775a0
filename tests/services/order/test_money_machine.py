"""Every interleaving of payments, clock, stock and people: in the end an order has its money, or its money is back.

Payment is played by its rule (design, §5): it keeps what is due, gives back what is captured above it, and what it is
asked to. Its events reach order late, twice and in any order; order's events reach it in their own."""

import asyncio
from contextlib import AsyncExitStack, suppress
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shikanji.contracts.inventory import HoldStock
from shikanji.kit.clock import HOUR, MINUTE
from shikanji.kit.errors import Conflict, Forbidden
from shikanji.kit.events import Event
from shikanji.services.order import actions
from shikanji.services.order.model.edges import EDGES
from tests.services.order.makers import MANAGER, OWNER, PAYMENT, SECOND_PAYMENT
from tests.services.order.others import refusal, say, silence
from tests.services.order.shop import open_shop
from tests.services.order.test_subscribers import TOTAL, failed, lost, paid

STEPS = {(edge.old, edge.new) for edge in EDGES}


class Payment:
    """What the payment service keeps of the one order."""

    def __init__(self) -> None:
        self.due = TOTAL
        self.captured: set[str] = set()
        self.refunded: set[str] = set()
        self.heard = 0

    def capture(self, payment_id: str) -> None:
        if payment_id not in self.captured:
            if TOTAL * len(self.captured - self.refunded) >= self.due:
                self.refunded.add(payment_id)
            self.captured.add(payment_id)

    def hear(self, type: str, data: dict[str, Any]) -> None:
        if type == "OrderCancelled" and data["cause"] != "payment_timeout":
            self.due = 0
            self.refunded |= self.captured
        if type == "RefundRequested":
            assert data["paymentId"] in self.captured
            self.refunded.add(data["paymentId"])

    @property
    def kept(self) -> int:
        return TOTAL * len(self.captured - self.refunded)


class Machine(RuleBasedStateMachine):
    @initialize(start=st.sampled_from(["pending", "timed out", "paid late", "refused"]))
    def open(self, start: str) -> None:
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.folder = TemporaryDirectory()
        self.shop = self.run(self.stack.enter_async_context(open_shop(Path(self.folder.name))))
        self.order_id = self.run(self.shop.place())
        self.payment = Payment()
        self.travelling: list[Event] = []
        if start != "pending":
            self.wait(15)
            self.run_due_jobs("yes")
        if start in ("paid late", "refused"):
            self.succeed(PAYMENT)
            self.arrive(0, again=False)
        if start == "refused":
            self.run_due_jobs("no")
            self.tell_payment()

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.settle()
            self.run(self.stack.aclose())
            self.runner.close()
            self.folder.cleanup()

    @rule(payment_id=st.sampled_from([PAYMENT, SECOND_PAYMENT]))
    def succeed(self, payment_id: str) -> None:
        self.payment.capture(payment_id)
        self.travelling.append(paid(self.order_id, payment_id))

    @rule(payment_id=st.sampled_from([PAYMENT, SECOND_PAYMENT]))
    def fail(self, payment_id: str) -> None:
        self.travelling.append(failed(self.order_id, payment_id))

    @rule(attempt=st.sampled_from([1, 2]))
    def break_the_hold(self, attempt: int) -> None:
        self.travelling.append(lost(self.order_id, attempt))

    @precondition(lambda self: self.travelling)
    @rule(place=st.integers(0, 10), again=st.booleans())
    def arrive(self, place: int, again: bool) -> None:
        at = place % len(self.travelling)
        self.run(self.shop.deliver(self.travelling[at]))
        if not again:
            del self.travelling[at]

    @rule()
    def tell_payment(self) -> None:
        events = self.shop.database.events()
        for event in events[self.payment.heard :]:
            self.payment.hear(event.type, event.data)
        self.payment.heard = len(events)

    @rule(minutes=st.sampled_from([1, 15, 30, 31]))
    def wait(self, minutes: int) -> None:
        self.shop.database.clock.advance(minutes * MINUTE)

    @rule(answer=st.sampled_from(["yes", "no", "silence before", "silence after"]))
    def run_due_jobs(self, answer: str) -> None:
        self.shop.others.before.clear()
        self.shop.others.after.clear()
        if answer == "no":
            self.shop.others.before[HoldStock] = say(refusal(409, "insufficient-stock"))
        elif answer != "yes":
            getattr(self.shop.others, answer.split()[1])[HoldStock] = silence()
        self.run(self.shop.run_jobs())

    @rule()
    def cancel(self) -> None:
        self.attempt(actions.cancel_order, OWNER, "no", [])

    @rule(status=st.sampled_from(["preparing", "ready", "dispatched", "delivered", "completed"]))
    def move(self, status: str) -> None:
        self.attempt(actions.move_order, MANAGER, status)

    def attempt(self, action: Any, *arguments: Any) -> None:
        with suppress(Conflict, Forbidden):
            self.run(self.shop.database.write(action, self.order_id, *arguments))

    @invariant()
    def every_step_is_legal_and_counted(self) -> None:
        if not hasattr(self, "shop"):
            return
        rows = self.shop.database.query("SELECT version, status FROM order_timeline ORDER BY version")
        ((version, status, deadline),) = self.shop.database.query("SELECT version, status, deadline FROM orders")
        assert [number for number, _ in rows] == list(range(1, version + 1))
        assert rows[-1][1] == status
        assert all((old, new) in STEPS for (_, old), (_, new) in pairwise(rows))
        timers = [job.due_at for job in self.shop.database.jobs() if job.kind in ("payment-window", "completion")]
        assert timers == ([] if deadline is None else [deadline])

    def settle(self) -> None:
        """All that travels arrives, all that is due is done; then the sums must be right."""
        for _ in range(3):
            while self.travelling:
                self.run(self.shop.deliver(self.travelling.pop()))
            self.shop.database.clock.advance(HOUR)
            self.run_due_jobs("yes")
            self.run(self.shop.run_jobs())
            self.tell_payment()
        status, _ = self.shop.status(self.order_id)
        assert self.payment.kept == (0 if status == "cancelled" else TOTAL), (status, self.payment.captured)
        assert status != "pending"
        assert [job.kind for job in self.shop.database.jobs()] == []


def test_an_order_has_its_money_or_its_money_is_back() -> None:
    run_state_machine_as_test(Machine, settings=settings(max_examples=40, stateful_step_count=20))
