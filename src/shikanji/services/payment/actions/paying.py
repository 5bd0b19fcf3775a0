"""Opening an attempt to pay, and learning from its provider what became of it."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from shikanji.contracts.order import OrderStanding
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Event
from shikanji.kit.failpoints import failpoint
from shikanji.kit.telemetry.logs import logger
from shikanji.kit.web.idempotency import Claim, Scope, StoredAnswer, claim, complete
from shikanji.services.payment import repository
from shikanji.services.payment.actions.issuing import expect_invoices
from shikanji.services.payment.actions.settling import settle
from shikanji.services.payment.errors import NothingDue, TooManyAttempts
from shikanji.services.payment.model.dues import Dues, open_attempt, require_due
from shikanji.services.payment.model.payment import Payment
from shikanji.services.payment.model.reports import ProviderOrder, Source, Try
from shikanji.services.payment.settings import PaymentSettings

CHECK = "check"
"""The job that compares one payment with its provider's books; its key is the payment's id."""

View = Callable[[Payment], Any]

_log = logger("payment")


class Begun(msgspec.Struct, frozen=True):
    """An attempt that its provider must hear of. Without a claim nobody waits for the answer."""

    payment: Payment
    claim: Claim


def begin(tx: Tx, scope: Scope, standing: OrderStanding, provider: str, view: View) -> Begun | StoredAnswer | Payment:
    """The attempt to go on with, intended under the request's key: new after a failed one. A `Payment` is at its
    provider already and is the answer. Raises PaidInCash, NothingDue, TooManyAttempts."""
    taken = claim(tx, scope)
    if isinstance(taken, StoredAnswer):
        return taken
    order = _expect(tx, standing)
    payments = repository.payments_of(tx, order.order_id)
    require_due(order, payments, standing, tx.now)
    payment = open_attempt(payments, provider) or _next_attempt(tx, order, len(payments) + 1, provider)
    if payment.provider_order_id is not None:
        complete(tx, taken, 201, view(payment))
        return payment
    payment.provider = provider
    repository.save_payment(tx, payment)
    plan_check(tx, payment)
    failpoint("payment.begin.before_commit")
    return Begun(payment, taken)


def opened(tx: Tx, begun: Begun, found: ProviderOrder, view: View) -> Payment:
    """The provider has an order for the attempt: the customer may go there. Raises NothingDue when the order was
    cancelled meanwhile, and ClaimLost."""
    payment = note_order(tx, begun.payment.id, found)
    if payment.status == "cancelled":
        raise NothingDue("The order was cancelled meanwhile.")
    complete(tx, begun.claim, 201, view(payment))
    failpoint("payment.opened.before_commit")
    return payment


def note_order(tx: Tx, payment_id: str, found: ProviderOrder) -> Payment:
    payment = repository.lock_payment(tx, payment_id)
    if event := payment.initiate(found.provider_order_id, tx.now):
        repository.save_payment(tx, payment)
        tx.record(event)
    return payment


def learn(tx: Tx, payment_id: str, found: ProviderOrder, source: Source) -> Payment:
    """What the provider says of a payment, whoever brought the word, becomes what we know; it may be said often, late
    and in any order. What is too much for the order goes back."""
    order, payments, payment = repository.lock_attempts(tx, payment_id)
    if payment.provider_order_id is not None and payment.provider_order_id != found.provider_order_id:
        _alarm("a provider order of another payment", payment, found.provider_order_id)
        return payment
    if event := payment.initiate(found.provider_order_id, tx.now):
        tx.record(event)
    believed = [found_try for found_try in found.tries if _is_believed(payment, found_try)]
    news = [found_try for found_try in believed if repository.note_try(tx, payment, found_try, source)]
    _apply(tx, payment, news)
    if source == "check":
        payment.checked_at = tx.now
        _compare(payment, found.tries)
    repository.save_payment(tx, payment)
    plan_check(tx, payment)
    if payment.captured:
        settle(tx, order, payments)
    failpoint("payment.learn.before_commit")
    return payment


def lose_answer(tx: Tx, payment_id: str, *, customer_has_paid: bool) -> Payment:
    """The provider was asked what became of the payment, and did not answer."""
    payment = repository.lock_payment(tx, payment_id)
    payment.lose_answer(tx.now, customer_has_paid=customer_has_paid)
    payment.checked_at = tx.now
    repository.save_payment(tx, payment)
    plan_check(tx, payment)
    return payment


def hear_refusal(tx: Tx, payment_id: str, reason: str) -> Payment:
    """The provider will not have this attempt: it is over. Where the provider had it before, its refusal says nothing
    about the money, and a person must look."""
    payment = repository.lock_payment(tx, payment_id)
    payment.checked_at = tx.now
    if payment.provider_order_id is not None:
        _alarm("does not know its own order", payment, payment.provider_order_id)
        plan_check(tx, payment)
    else:
        payment.hear(tx.now)
        if event := payment.fail(reason, tx.now):
            tx.record(event)
    repository.save_payment(tx, payment)
    return payment


def plan_check(tx: Tx, payment: Payment) -> None:
    at = payment.next_check(tx.settings(PaymentSettings), tx.now)
    if at is not None:
        tx.schedule(CHECK, payment.id, at)


def _expect(tx: Tx, standing: OrderStanding) -> Dues:
    """What is due for the order, also where nobody has told of it yet. Locked."""
    repository.add_dues(
        tx,
        Dues(
            order_id=standing.order_id,
            customer_id=standing.customer_id,
            store_id=standing.store_id,
            payment_method=standing.payment_method,
            total=standing.total,
            cancel_cause=None,
            created_at=tx.now,
        ),
    )
    return repository.lock_dues(tx, standing.order_id)


def _next_attempt(tx: Tx, order: Dues, number: int, provider: str) -> Payment:
    if number > tx.settings(PaymentSettings).attempts_max:
        raise TooManyAttempts
    payment = Payment.attempt(
        id=tx.new_id(),
        order_id=order.order_id,
        number=number,
        customer_id=order.customer_id,
        store_id=order.store_id,
        amount=order.total,
        provider=provider,
        now=tx.now,
    )
    repository.add_payments(tx, payment)
    return payment


def _is_believed(payment: Payment, found: Try) -> bool:
    """Money of another amount than was asked for is a person's business, told at every look until it is settled. It is
    not written down: what the provider says next of the same try must still be news."""
    if found.status != "captured" or found.amount == payment.amount:
        return True
    _alarm("captured another amount than was asked for", payment, found.provider_payment_id)
    return False


def _apply(tx: Tx, payment: Payment, news: Iterable[Try]) -> None:
    """Captures first: a failed try beside one that brought the money means nothing."""
    payment.hear(tx.now)
    for found in sorted(news, key=lambda found: found.status != "captured"):
        event: Event | None = None
        if found.status == "failed":
            event = payment.fail(found.failure or "the payment failed", tx.now)
        elif found.status == "captured" and payment.captured:
            _alarm("captured twice under one order", payment, found.provider_payment_id)
        elif found.status == "captured":
            event = payment.capture(found.provider_payment_id, found.method, tx.now)
            expect_invoices(tx, [payment])
        if event is not None:
            tx.record(event)


def _compare(payment: Payment, tries: Iterable[Try]) -> None:
    for found in tries:
        if found.provider_payment_id == payment.provider_payment_id and found.refunded > payment.reserved:
            _alarm("gave back more than we asked for", payment, found.provider_payment_id)


def _alarm(what: str, payment: Payment, provider_id: str) -> None:
    _log.error(f"the provider {what}", alarm="provider-books-differ", payment_id=payment.id, provider_id=provider_id)
