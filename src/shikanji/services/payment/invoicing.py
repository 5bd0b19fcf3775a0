"""Issuing what is due in a store: the order service is asked for the bills, the store service for who sells."""

from shikanji.contracts.order import BILLS_MAX, AskBills
from shikanji.contracts.store import AskSeller
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.kit.service import Room
from shikanji.services.payment import repository
from shikanji.services.payment.actions import issuing
from shikanji.services.payment.model.invoice import Invoice
from shikanji.services.payment.model.payment import Payment


async def issue_due(room: Room, store_id: str) -> None:
    """Invoices first, so that a credit note finds its invoice."""
    while order_ids := await room.db.read(repository.due_now, store_id, "invoice", BILLS_MAX):
        await _issue(room, store_id, order_ids)
    while refund_ids := await room.db.read(repository.due_now, store_id, "credit_note", BILLS_MAX):
        await room.db.write(issuing.issue_credit_notes, refund_ids)
    if await room.db.read(repository.next_put_off, store_id) is not None:
        await room.db.write(issuing.plan_what_was_put_off, store_id)


async def invoice_of(room: Room, payment: Payment) -> Invoice | None:
    """The payment's invoice; one that is due is issued at once. None: it has none, or not yet."""
    found, due = await room.db.read(_look_up, payment)
    if found is None and due:
        await _issue(room, payment.store_id, [payment.order_id])
        found, _ = await room.db.read(_look_up, payment)
    return found


async def credit_notes_of(room: Room, payment: Payment) -> list[Invoice]:
    """On the payment's invoice, oldest first; those that are due are issued at once."""
    due = await room.db.read(repository.refunds_to_credit, payment.id)
    if due:
        await room.db.write(issuing.issue_credit_notes, due)
    return await room.db.read(_notes, payment)


async def _issue(room: Room, store_id: str, order_ids: list[str]) -> None:
    seller = await room.calls.ask(AskSeller(store_id=store_id))
    answer = await room.calls.ask(AskBills(order_ids=order_ids))
    failpoint("payment.issue.after_asking")
    await room.db.write(issuing.issue_invoices, seller, order_ids, answer.bills)


def _look_up(tx: Tx, payment: Payment) -> tuple[Invoice | None, bool]:
    return repository.invoice_of_payment(tx, payment.id), repository.is_due(tx, payment.order_id)


def _notes(tx: Tx, payment: Payment) -> list[Invoice]:
    invoice = repository.invoice_of_payment(tx, payment.id)
    return [] if invoice is None else repository.notes_on(tx, [invoice.id])
