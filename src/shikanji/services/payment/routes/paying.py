"""Paying, giving back, and what providers post."""

from shikanji.kit.auth import Principal
from shikanji.kit.clock import from_datetime
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Forbidden, Invalid, NotFound
from shikanji.kit.service import Room
from shikanji.kit.web.guards import require_staff_of
from shikanji.kit.web.idempotency import ClaimLost, InFlight, KeyReused, Scope, once
from shikanji.kit.web.pages import PageQuery, decode_cursor, page
from shikanji.kit.web.routes import Idempotency, Incoming, RateClass, Reply, Who
from shikanji.services.payment import checkout, repository, schemas
from shikanji.services.payment.actions import hearing, refunding
from shikanji.services.payment.errors import (
    LineRefunded,
    NothingDue,
    NothingToRefund,
    NotInitiated,
    OrderNotFound,
    PaidInCash,
    PaymentNotFound,
    ProviderUnavailable,
    RefundNotFailed,
    RefundNotFound,
    TooManyAttempts,
    UnknownProvider,
    WebhookNotDead,
    WebhookNotFound,
    WebhookRefused,
    WebhookTooLarge,
    WebhookUnreadable,
    WrongSignature,
)
from shikanji.services.payment.model.payment import Payment
from shikanji.services.payment.model.refund import WantedLine, ordered_lines
from shikanji.services.payment.providers import provider
from shikanji.services.payment.routes.access import readable_stores, require_reader
from shikanji.services.payment.routes.declared import routes
from shikanji.services.payment.settings import PaymentSettings


@routes.post(
    "/api/v1/payments/initiate",
    body=schemas.Initiate,
    returns=schemas.InitiatedView,
    status=201,
    who=Who.SIGNED_IN,
    idempotency=Idempotency.REQUIRED,
    raises=(
        OrderNotFound,
        Forbidden,
        PaidInCash,
        NothingDue,
        TooManyAttempts,
        UnknownProvider,
        ProviderUnavailable,
        InFlight,
        KeyReused,
        ClaimLost,
    ),
)
async def initiate(room: Room, incoming: Incoming[schemas.Initiate, None]) -> Reply:
    """Starts to pay for an order.

    Answers what the client needs for the provider's checkout. An attempt that is open is answered again; after a failed
    one the next is made."""
    body = incoming.body
    standing = await checkout.standing_of(room, body.order_id)
    require_reader(incoming.principal, standing, OrderNotFound)
    name = body.provider or room.settings(PaymentSettings).default_provider
    at = provider(room, name)

    def view(payment: Payment) -> schemas.InitiatedView:
        return schemas.initiated(payment, at.checkout(payment.provider_order_id or ""))

    return await checkout.initiate(room, Scope.of(incoming), standing, name, view)


@routes.post(
    "/api/v1/payments/verify",
    body=schemas.Verify,
    returns=schemas.PaymentView,
    who=Who.SIGNED_IN,
    raises=(PaymentNotFound, Forbidden, NotInitiated, WrongSignature),
)
async def verify(room: Room, incoming: Incoming[schemas.Verify, None]) -> schemas.PaymentView:
    """Tells that the customer has been at the checkout.

    The provider is asked what came of it. `processing` means that it did not answer: it is asked again."""
    body = incoming.body
    payment = await room.db.read(repository.find_payment, body.payment_id)
    require_reader(incoming.principal, payment)
    if payment.provider_order_id is None:
        raise NotInitiated
    verified = await checkout.verify(room, payment, body.provider_payment_id, body.signature)
    return schemas.PaymentView.of(verified)


@routes.post(
    "/api/v1/payments/webhooks/{provider}",
    returns=schemas.WebhookTaken,
    who=Who.ANYONE,
    rate=RateClass.WEBHOOK,
    raw_body=True,
    raises=(NotFound, WebhookRefused, WebhookTooLarge, WebhookUnreadable),
)
async def take_webhook(room: Room, incoming: Incoming[None, None]) -> schemas.WebhookTaken:
    """Takes a webhook of a payment provider.

    Its signature is checked over the raw bytes; it is stored before the answer, and understood later."""
    name, raw = incoming.path["provider"], incoming.raw
    try:
        at = provider(room, name)
    except UnknownProvider:
        raise NotFound from None
    if len(raw) > room.settings(PaymentSettings).webhook_bytes_max:
        raise WebhookTooLarge
    if not at.is_signed(incoming.headers, raw, room.clock.now()):
        raise WebhookRefused
    try:
        notice = at.read_notice(raw)
    except ValueError as unreadable:
        raise WebhookUnreadable(str(unreadable)) from None
    await room.db.write(hearing.store_webhook, name, notice, raw)
    return schemas.WebhookTaken(received=True)


@routes.get(
    "/api/v1/payments/webhooks",
    query=PageQuery,
    returns=list[schemas.DeadWebhookView],
    who=Who.ADMIN,
    page=True,
    raises=(Invalid,),
)
async def list_dead_webhooks(room: Room, incoming: Incoming[None, PageQuery]) -> Reply:
    """Webhooks that were about nothing that we know, and were laid aside; newest first."""
    query = incoming.query
    before = decode_cursor(query.cursor, str)
    rows = await room.db.read(repository.dead_webhooks, before_id=before[0] if before else None, limit=query.limit + 1)
    return page(rows, query.limit, key=lambda webhook: (webhook.id,), view=schemas.DeadWebhookView.of)


@routes.post(
    "/api/v1/payments/webhooks/{id}/retry",
    status=202,
    returns=schemas.WebhookTaken,
    who=Who.ADMIN,
    raises=(WebhookNotFound, WebhookNotDead),
)
async def retry_webhook(room: Room, incoming: Incoming[None, None]) -> schemas.WebhookTaken:
    """Has a webhook that was laid aside looked at again."""
    await room.db.write(hearing.retry_webhook, incoming.path["id"])
    return schemas.WebhookTaken(received=True)


@routes.post(
    "/api/v1/payments/{id}/refund",
    body=schemas.RequestRefund,
    returns=schemas.RefundView,
    status=201,
    who=Who.SIGNED_IN,
    idempotency=Idempotency.REQUIRED,
    raises=(PaymentNotFound, Forbidden, Invalid, NothingToRefund, LineRefunded, InFlight, KeyReused, ClaimLost),
)
async def refund(room: Room, incoming: Incoming[schemas.RequestRefund, None]) -> Reply:
    """Gives back a part or all of a payment.

    By a manager of the store, or head office. Any number of refunds, never more in all than came; of lines, what was
    paid for the pieces, never more pieces than were ordered."""
    body, principal = incoming.body, incoming.principal
    payment = await room.db.read(repository.find_payment, incoming.path["id"])
    _require_manager(principal, payment)
    wanted = [WantedLine(line.line_id, line.quantity) for line in body.lines or ()]
    lines = ordered_lines(wanted, (await checkout.standing_of(room, payment.order_id)).lines) if wanted else []
    return await once(
        room,
        incoming,
        refunding.request_refund,
        payment.id,
        refunding.Wanted(amount=body.amount, lines=lines, reason=body.reason, by=principal.account_id),
        view=schemas.RefundView.of,
        status=201,
    )


@routes.get(
    "/api/v1/payments",
    query=schemas.PaymentsQuery,
    returns=list[schemas.PaymentView],
    who=Who.STAFF,
    page=True,
    raises=(Forbidden, Invalid),
)
async def list_payments(room: Room, incoming: Incoming[None, schemas.PaymentsQuery]) -> Reply:
    """The transaction history, newest first.

    Head office sees all stores; managers, cashiers and support see their own."""
    query = incoming.query
    wanted = repository.PaymentFilter(
        store_ids=readable_stores(incoming.principal, query.store_id),
        status=query.status,
        provider=query.provider,
        order_id=query.order_id,
        customer_id=query.customer_id,
        since=None if query.since is None else from_datetime(query.since),
        until=None if query.until is None else from_datetime(query.until),
    )
    before = decode_cursor(query.cursor, str)
    rows = await room.db.read(
        repository.list_payments, wanted, before_id=before[0] if before else None, limit=query.limit + 1
    )
    return page(rows, query.limit, key=lambda payment: (payment.id,), view=schemas.PaymentView.of)


@routes.get(
    "/api/v1/payments/{id}",
    returns=schemas.PaymentDetailView,
    who=Who.SIGNED_IN,
    raises=(PaymentNotFound, Forbidden),
)
async def read_payment(room: Room, incoming: Incoming[None, None]) -> schemas.PaymentDetailView:
    """One attempt to pay, with all tries that the provider told of."""
    payment, tries = await room.db.read(_payment_with_tries, incoming.path["id"])
    require_reader(incoming.principal, payment)
    return schemas.detail(payment, tries)


@routes.get(
    "/api/v1/payments/order/{orderId}",
    returns=list[schemas.PaymentView],
    who=Who.SIGNED_IN,
    raises=(OrderNotFound, Forbidden),
)
async def list_payments_of_order(room: Room, incoming: Incoming[None, None]) -> list[schemas.PaymentView]:
    """All attempts to pay for an order, newest first."""
    order_id = incoming.path["orderId"]
    payments = await room.db.read(repository.payments_of, order_id)
    # The order may be so new that nothing is written down here yet.
    about = payments[0] if payments else await checkout.standing_of(room, order_id)
    require_reader(incoming.principal, about, OrderNotFound)
    return [schemas.PaymentView.of(payment) for payment in payments]


@routes.get(
    "/api/v1/payments/{id}/refunds",
    returns=list[schemas.RefundView],
    who=Who.SIGNED_IN,
    raises=(PaymentNotFound, Forbidden),
)
async def list_refunds(room: Room, incoming: Incoming[None, None]) -> list[schemas.RefundView]:
    """All refunds of a payment, newest first."""
    payment = await room.db.read(repository.find_payment, incoming.path["id"])
    require_reader(incoming.principal, payment)
    refunds = await room.db.read(repository.refunds_of, payment.id)
    return [schemas.RefundView.of(refund) for refund in refunds]


@routes.post(
    "/api/v1/payments/{id}/refunds/{refundId}/retry",
    returns=schemas.RefundView,
    status=202,
    who=Who.ADMIN,
    raises=(RefundNotFound, RefundNotFailed),
)
async def retry_refund(room: Room, incoming: Incoming[None, None]) -> schemas.RefundView:
    """Asks the provider again for a refund that it refused."""
    path = incoming.path
    return schemas.RefundView.of(await room.db.write(refunding.retry_refund, path["id"], path["refundId"]))


def _payment_with_tries(tx: Tx, payment_id: str) -> tuple[Payment, list[repository.NotedTry]]:
    return repository.find_payment(tx, payment_id), repository.tries_of(tx, payment_id)


def _require_manager(principal: Principal, payment: Payment) -> None:
    try:
        require_staff_of(principal, payment.customer_id, payment.store_id, "manager")
    except NotFound:
        raise PaymentNotFound from None
