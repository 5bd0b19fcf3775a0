"""The ways that lead to a provider and back: each writes down what it is about to do, asks, and writes down what came
of it."""

from shikanji.contracts.order import AskOrderStanding, OrderStanding
from shikanji.kit.errors import Problem
from shikanji.kit.failpoints import failpoint
from shikanji.kit.service import Room
from shikanji.kit.web.idempotency import Scope, StoredAnswer, abandon
from shikanji.kit.web.routes import Reply
from shikanji.services.payment.actions import paying
from shikanji.services.payment.errors import OrderNotFound, ProviderUnavailable, WrongSignature
from shikanji.services.payment.model.payment import Payment
from shikanji.services.payment.model.reports import ProviderOrder, Source
from shikanji.services.payment.providers import provider
from shikanji.services.payment.providers.port import OutcomeUnknown, Provider, Refused


async def standing_of(room: Room, order_id: str) -> OrderStanding:
    """Raises OrderNotFound."""
    try:
        return await room.calls.ask(AskOrderStanding(order_id=order_id))
    except Problem as problem:
        if problem.type == OrderNotFound.type:
            raise OrderNotFound from None
        raise


async def initiate(room: Room, scope: Scope, standing: OrderStanding, name: str, view: paying.View) -> Reply:
    """Opens an attempt at its provider, in three steps. The attempt's id is the key there: an answer that got lost is
    found again by asking again."""
    at = provider(room, name)
    begun = await room.db.write(paying.begin, scope, standing, name, view)
    if isinstance(begun, StoredAnswer):
        return begun.reply()
    if isinstance(begun, Payment):
        return Reply(data=view(begun), status=201)
    try:
        found = await _open(room, at, begun.payment)
        payment = await room.db.write(paying.opened, begun, found, view)
    except Problem:
        await room.db.write(abandon, begun.claim)
        raise
    return Reply(data=view(payment), status=201)


async def verify(room: Room, payment: Payment, provider_payment_id: str, signature: str) -> Payment:
    """The customer comes back and says that they paid. Their word makes us ask, no more. Raises WrongSignature."""
    at = provider(room, payment.provider)
    genuine = payment.provider_order_id is not None and at.confirms(
        provider_order_id=payment.provider_order_id, provider_payment_id=provider_payment_id, signature=signature
    )
    if not genuine:
        raise WrongSignature.field("signature", "does not fit this payment")
    return await follow_up(room, payment, "callback")


async def follow_up(room: Room, payment: Payment, source: Source) -> Payment:
    """Asks the provider what became of the payment and writes it down, also that nobody knows."""
    try:
        found = await _look_up(provider(room, payment.provider), payment)
    except OutcomeUnknown:
        return await room.db.write(paying.lose_answer, payment.id, customer_has_paid=source == "callback")
    except Refused as refused:
        return await room.db.write(paying.hear_refusal, payment.id, str(refused))
    failpoint("payment.follow_up.after_provider")
    return await room.db.write(paying.learn, payment.id, found, source)


async def _look_up(at: Provider, payment: Payment) -> ProviderOrder:
    """An order that we may have opened without learning of it is found by opening it again under its key."""
    if payment.provider_order_id is None:
        return await at.open_order(key=payment.id, amount=payment.amount)
    return await at.fetch_order(payment.provider_order_id)


async def _open(room: Room, at: Provider, payment: Payment) -> ProviderOrder:
    failpoint("payment.initiate.before_provider")
    try:
        found = await at.open_order(key=payment.id, amount=payment.amount)
    except OutcomeUnknown:
        await room.db.write(paying.lose_answer, payment.id, customer_has_paid=False)
        raise ProviderUnavailable from None
    except Refused as refused:
        await room.db.write(paying.hear_refusal, payment.id, str(refused))
        raise ProviderUnavailable(f"The provider refused: {refused}") from None
    failpoint("payment.initiate.after_provider")
    return found
