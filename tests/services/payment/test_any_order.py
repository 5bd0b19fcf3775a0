"""Whatever happens to an order's money, in whatever order and however often it is told: it adds up."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, precondition, rule

from shikanji.contracts.order import CancelCause
from shikanji.kit.db.job_rows import due_jobs, lease
from shikanji.kit.db.migrations import migrate_sqlite
from shikanji.kit.db.sqlite import SqliteDirect
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Problem
from shikanji.kit.jobs import Job
from shikanji.kit.web.idempotency import Scope
from shikanji.services.payment import repository, service
from shikanji.services.payment.actions import orders, paying, refunding
from shikanji.services.payment.actions.settling import REFUND
from shikanji.services.payment.errors import NothingToRefund
from shikanji.services.payment.model.payment import Payment
from shikanji.services.payment.model.refund import Refund
from shikanji.services.payment.model.reports import ProviderOrder, RefundReport, Try
from shikanji.services.payment.tables import kit, refunds
from tests.kit.databases import make_ground
from tests.services.payment.makers import (
    ORDER,
    TOTAL,
    make_cancelled,
    make_created,
    make_refund_requested,
    make_standing,
)

ALL_REFUNDS = sa.select(refunds).order_by(refunds.c.id)
ALL_EVENTS = sa.select(kit.outbox.c.type)
TEMPLATE = TemporaryDirectory(prefix="shikanji-any-order-")


class Company:
    """The provider's books, in memory: tries by provider order, refunds by our key."""

    def __init__(self) -> None:
        self.tries: dict[str, list[Try]] = {}
        self.refunds: dict[str, tuple[str, int]] = {}

    def order(self, provider_order_id: str) -> ProviderOrder:
        return ProviderOrder(provider_order_id=provider_order_id, tries=list(self.tries[provider_order_id]))

    def is_paid(self, provider_order_id: str) -> bool:
        return any(found.status == "captured" for found in self.tries[provider_order_id])

    def check_out(self, provider_order_id: str, *, success: bool) -> None:
        if success and self.is_paid(provider_order_id):
            return
        number = sum(len(tries) for tries in self.tries.values())
        self.tries[provider_order_id].append(
            Try(
                provider_payment_id=f"pay_{number}",
                status="captured" if success else "failed",
                amount=TOTAL,
                method="upi",
                failure=None if success else "declined",
            )
        )

    def refund(self, provider_payment_id: str, key: str, amount: int) -> RefundReport:
        self.refunds.setdefault(key, (provider_payment_id, amount))
        assert self.refunds[key] == (provider_payment_id, amount), "a key stood for two refunds"
        given = sum(amount for of, amount in self.refunds.values() if of == provider_payment_id)
        assert given <= TOTAL, "more went back than came"
        return RefundReport(key=key, provider_refund_id=f"rfnd_{key}", amount=amount, status="processed")


class AnyOrder(RuleBasedStateMachine):
    """One order and its money. The order service's part is played by its rules: it decides about late money once, and
    says so of every payment that it hears of."""

    attempts = Bundle("attempts")

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        path = Path(self.folder.name) / "payment.db"
        template = Path(TEMPLATE.name) / "payment.db"
        if not template.exists():
            migrate_sqlite(template, service.migrations)
        path.write_bytes(template.read_bytes())
        self.db = SqliteDirect(path, make_ground(service))
        self.company = Company()
        self.requests = 0
        self.cancel_cause: CancelCause | None = None
        self.late_refused = False

    @rule()
    def hear_of_the_order(self) -> None:
        self.db.write(orders.expect_payments, [make_created()])

    @rule(target=attempts)
    def initiate(self) -> Any:
        attempt = self.try_to_initiate()
        return multiple() if attempt is None else attempt

    @rule(target=attempts, attempt=attempts)
    def fail_and_try_anew(self, attempt: str) -> Any:
        """The way to two attempts that may both bring money."""
        self.company.check_out(f"order_{attempt}", success=False)
        self.db.write(paying.learn, attempt, self.company.order(f"order_{attempt}"), "webhook")
        return self.initiate()

    def try_to_initiate(self) -> str | None:
        self.requests += 1
        scope = Scope("owner", "initiate", f"key-{self.requests:016}", "hash")
        standing = make_standing(status="pending" if self.cancel_cause is None else "cancelled")
        try:
            begun = self.db.write(paying.begin, scope, standing, "sandbox", lambda payment: payment.id)
            if isinstance(begun, paying.Begun):
                provider_order_id = f"order_{begun.payment.id}"
                self.company.tries.setdefault(provider_order_id, [])
                found = self.company.order(provider_order_id)
                self.db.write(paying.opened, begun, found, lambda payment: payment.id)
                return begun.payment.id
        except Problem:
            return None
        assert isinstance(begun, Payment)
        return begun.id

    @rule(attempt=attempts, success=st.booleans())
    def check_out(self, attempt: str, success: bool) -> None:
        self.company.check_out(f"order_{attempt}", success=success)

    @rule(attempt=attempts, source=st.sampled_from(["callback", "webhook", "check"]), only_last=st.booleans())
    def tell(self, attempt: str, source: Any, only_last: bool) -> None:
        found = self.company.order(f"order_{attempt}")
        told = found.tries[-1:] if only_last else found.tries
        self.db.write(paying.learn, attempt, msgspec.structs.replace(found, tries=told), source)

    @rule(attempt=attempts, customer_has_paid=st.booleans())
    def lose_answer(self, attempt: str, customer_has_paid: bool) -> None:
        self.db.write(paying.lose_answer, attempt, customer_has_paid=customer_has_paid)

    @rule(cause=st.sampled_from(["customer", "staff", "out_of_stock", "payment_timeout"]))
    def cancel(self, cause: CancelCause) -> None:
        if self.cancel_cause in (None, "payment_timeout"):
            self.cancel_cause = cause
        self.db.write(orders.cancel_order, make_cancelled(cause))

    @precondition(lambda self: self.cancel_cause == "payment_timeout")
    @rule()
    def refuse_late_money(self) -> None:
        self.late_refused = True
        self.say_late()

    @rule(amount=st.integers(1, TOTAL), place=st.integers(0, 9))
    def ask_for_refund(self, amount: int, place: int) -> None:
        paid = [payment for payment in self.all_payments() if payment.captured]
        if not paid:
            return
        wanted = refunding.Wanted(amount=amount, lines=(), reason="spilt", by="manager")
        payment = paid[place % len(paid)]
        try:
            self.db.write(refunding.request_refund, payment.id, wanted)
        except NothingToRefund:
            assert amount > payment.left

    @rule(place=st.integers(0, 9), answer=st.sampled_from(["yes", "lost before", "lost after", "no"]))
    def work_on_a_refund(self, place: int, answer: str) -> None:
        open_refunds = [refund for refund in self.all_refunds() if refund.status != "completed"]
        if open_refunds:
            self.carry_out(open_refunds[place % len(open_refunds)], answer)

    @invariant()
    def never_more_back_than_came(self) -> None:
        for payment in self.all_payments():
            assert 0 <= payment.refunded <= payment.reserved <= payment.captured <= payment.amount
            intents = [refund for refund in self.all_refunds() if refund.payment_id == payment.id]
            assert payment.reserved == sum(refund.amount for refund in intents)
            assert payment.refunded == sum(refund.amount for refund in intents if refund.status == "completed")

    def teardown(self) -> None:
        """Everything is told and carried out at last."""
        try:
            for payment in self.all_payments():
                if payment.provider_order_id is not None:
                    found = self.company.order(payment.provider_order_id)
                    self.db.write(paying.learn, payment.id, found, "check")
            self.say_late()
            for refund in self.all_refunds():
                self.carry_out(refund, "yes")
            self.check_sums()
            self.check_events()
        finally:
            self.db.close()
            self.folder.cleanup()

    def say_late(self) -> None:
        if self.late_refused and self.cancel_cause == "payment_timeout":
            for payment in self.all_payments():
                if payment.captured:
                    self.db.write(orders.return_late_money, make_refund_requested(payment.id))

    def carry_out(self, refund: Refund, answer: str) -> None:
        started = self.db.write(refunding.start_refund, refund.id)
        if started is None:
            return
        refund, payment = started
        job = self.db.write(_lease, refund.id)
        if answer in {"yes", "lost after"}:
            assert payment.provider_payment_id is not None
            report = self.company.refund(payment.provider_payment_id, refund.provider_key, refund.amount)
        if answer == "yes":
            self.db.write(refunding.report_refund, report, job)
            self.db.write(refunding.report_refund, report)
        elif answer == "no" and refund.provider_key not in self.company.refunds:
            self.db.write(refunding.refuse_refund, refund.id, "no", job)
        else:
            self.db.write(refunding.lose_refund_answer, refund.id, job)

    def check_sums(self) -> None:
        everything = self.all_payments()
        net = sum(payment.captured - payment.refunded for payment in everything)
        nothing_is_due = self.cancel_cause not in (None, "payment_timeout") or self.late_refused
        if nothing_is_due or not any(payment.captured for payment in everything):
            assert net == 0
        else:
            kept = [payment for payment in everything if payment.kept]
            assert len(kept) == 1
            requested = [refund for refund in self.all_refunds() if refund.cause == "requested"]
            assert net == TOTAL - sum(refund.amount for refund in requested if refund.payment_id == kept[0].id)

    def check_events(self) -> None:
        told = self.db.read(lambda tx: [row[0] for row in tx.run(ALL_EVENTS)])
        captured = [payment for payment in self.all_payments() if payment.captured]
        assert told.count("PaymentCompleted") == len(captured)
        assert told.count("RefundInitiated") == told.count("RefundCompleted") == len(self.all_refunds())
        assert sum(amount for _, amount in self.company.refunds.values()) == sum(
            refund.amount for refund in self.all_refunds()
        )

    def all_payments(self) -> list[Payment]:
        return self.db.read(repository.payments_of, ORDER)

    def all_refunds(self) -> list[Refund]:
        return self.db.read(lambda tx: tx.run(ALL_REFUNDS).all(Refund))


def _lease(tx: Tx, refund_id: str) -> Job:
    tx.schedule(REFUND, refund_id, tx.now)
    due = [job for job in due_jobs(tx, [REFUND], 100) if job.key == refund_id]
    (leased,) = lease(tx, due, 1)
    return leased


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
