"""The HTTP edge of the fake payment company: its checkout for customers, its API for merchants."""

import asyncio
import hmac
from collections.abc import Mapping

from shikanji.kit.service import Room
from shikanji.kit.web.routes import Idempotency, Incoming, RateClass, Reply, Routes, Who
from shikanji.sandbox import actions, repository
from shikanji.sandbox.breaking import RESET_HEADER
from shikanji.sandbox.errors import (
    AlreadyPaid,
    BadCredentials,
    Declined,
    OtherRequest,
    OutOfOrder,
    RefundTooHigh,
    UnknownOrder,
    UnknownPayment,
    UnknownRefund,
)
from shikanji.sandbox.model import Fault, Operation
from shikanji.sandbox.page import HTML, POLICY, checkout_page
from shikanji.sandbox.schemas import (
    Checkout,
    CheckoutView,
    CreateOrder,
    CreateRefund,
    FaultView,
    OrderView,
    PaymentView,
    PlanFault,
    RefundView,
)
from shikanji.sandbox.settings import SandboxSettings
from shikanji.sandbox.signing import callback_signature, key_secret

routes = Routes("sandbox")


@routes.post(
    "/sandbox/checkout/{providerOrderId:text}",
    body=Checkout,
    returns=CheckoutView,
    who=Who.ANYONE,
    raises=(UnknownOrder, AlreadyPaid, Declined, OutOfOrder),
)
async def check_out(room: Room, incoming: Incoming[Checkout, None]) -> Reply:
    """Pays, or fails to, as a customer at the checkout would.

    A failed order may be tried again; a second success is a conflict. `webhook` and `delaySeconds` say how often and
    how late the merchant is told by webhook."""
    fault = await _fault(room, "checkout")
    order_id = incoming.path["providerOrderId"]
    payment = await room.db.write(actions.check_out, order_id, incoming.body)
    signature = callback_signature(_key_secret(room), order_id, payment.id)
    return await _answer(fault, CheckoutView(provider_payment_id=payment.id, signature=signature))


@routes.get(
    "/sandbox/checkout/{providerOrderId:text}",
    who=Who.ANYONE,
    produces=HTML,
    raises=(UnknownOrder,),
)
async def show_checkout(room: Room, incoming: Incoming[None, None]) -> Reply:
    """The checkout as a page for people."""
    order = await room.db.read(repository.find_order, incoming.path["providerOrderId"])
    return Reply(data=checkout_page(order), content_type=HTML, headers={"Content-Security-Policy": POLICY})


@routes.post(
    "/sandbox/merchant/orders",
    body=CreateOrder,
    returns=OrderView,
    who=Who.ANYONE,
    rate=RateClass.WEBHOOK,
    idempotency=Idempotency.REQUIRED,
    raises=(BadCredentials, OtherRequest, Declined, OutOfOrder),
)
async def create_order(room: Room, incoming: Incoming[CreateOrder, None]) -> Reply:
    """Opens an order to be paid at the checkout; the same key gives the same order."""
    _require_merchant(room, incoming.headers)
    fault = await _fault(room, "create-order")
    order, payments = await room.db.write(actions.create_order, incoming.idempotency_key or "", incoming.body)
    return await _answer(fault, OrderView.of(order, payments))


@routes.get(
    "/sandbox/merchant/orders/{providerOrderId:text}",
    returns=OrderView,
    who=Who.ANYONE,
    rate=RateClass.WEBHOOK,
    raises=(BadCredentials, UnknownOrder, Declined, OutOfOrder),
)
async def read_order(room: Room, incoming: Incoming[None, None]) -> Reply:
    """An order with all tries to pay it."""
    _require_merchant(room, incoming.headers)
    fault = await _fault(room, "fetch-order")
    order, payments = await room.db.read(actions.read_order, incoming.path["providerOrderId"])
    return await _answer(fault, OrderView.of(order, payments))


@routes.get(
    "/sandbox/merchant/payments/{providerPaymentId:text}",
    returns=PaymentView,
    who=Who.ANYONE,
    rate=RateClass.WEBHOOK,
    raises=(BadCredentials, UnknownPayment, Declined, OutOfOrder),
)
async def read_payment(room: Room, incoming: Incoming[None, None]) -> Reply:
    """One try to pay."""
    _require_merchant(room, incoming.headers)
    fault = await _fault(room, "fetch-payment")
    payment = await room.db.read(actions.read_payment, incoming.path["providerPaymentId"])
    return await _answer(fault, PaymentView.of(payment))


@routes.post(
    "/sandbox/merchant/refunds",
    body=CreateRefund,
    returns=RefundView,
    who=Who.ANYONE,
    rate=RateClass.WEBHOOK,
    idempotency=Idempotency.REQUIRED,
    raises=(BadCredentials, UnknownPayment, RefundTooHigh, OtherRequest, Declined, OutOfOrder),
)
async def create_refund(room: Room, incoming: Incoming[CreateRefund, None]) -> Reply:
    """Gives money back; the same key gives it back once."""
    _require_merchant(room, incoming.headers)
    fault = await _fault(room, "create-refund")
    pending_seconds = fault.delay_seconds if fault is not None and fault.kind == "pend" else None
    key = incoming.idempotency_key or ""
    refund = await room.db.write(actions.create_refund, key, incoming.body, pending_seconds)
    return await _answer(fault, RefundView.of(refund))


@routes.get(
    "/sandbox/merchant/refunds/{key:text}",
    returns=RefundView,
    who=Who.ANYONE,
    rate=RateClass.WEBHOOK,
    raises=(BadCredentials, UnknownRefund, Declined, OutOfOrder),
)
async def read_refund(room: Room, incoming: Incoming[None, None]) -> Reply:
    """The refund that the merchant asked for under this key."""
    _require_merchant(room, incoming.headers)
    fault = await _fault(room, "fetch-refund")
    refund = await room.db.read(actions.read_refund, incoming.path["key"])
    return await _answer(fault, RefundView.of(refund))


@routes.put(
    "/sandbox/faults",
    body=PlanFault,
    returns=list[FaultView],
    who=Who.ANYONE,
    raises=(BadCredentials,),
)
async def plan_fault(room: Room, incoming: Incoming[PlanFault, None]) -> list[FaultView]:
    """Makes the next calls of an operation go wrong, for tests; answers all that is planned."""
    _require_merchant(room, incoming.headers)
    faults = await room.db.write(actions.plan_fault, incoming.body)
    return [FaultView.of(fault) for fault in faults]


@routes.delete("/sandbox/faults", who=Who.ANYONE, raises=(BadCredentials,))
async def clear_faults(room: Room, incoming: Incoming[None, None]) -> None:
    """Everything works again."""
    _require_merchant(room, incoming.headers)
    await room.db.write(repository.clear_faults)


def _require_merchant(room: Room, headers: Mapping[str, str]) -> None:
    settings = room.settings(SandboxSettings)
    id_fits = hmac.compare_digest(headers.get("x-client-id", "").encode(), settings.key_id.encode())
    secret_fits = hmac.compare_digest(headers.get("x-client-secret", "").encode(), _key_secret(room))
    if not (id_fits and secret_fits):
        raise BadCredentials


def _key_secret(room: Room) -> bytes:
    return key_secret(room.settings(SandboxSettings), room.secrets)


async def _fault(room: Room, operation: Operation) -> Fault | None:
    """The fault that this call suffers. Raises at once where nothing is to be done."""
    if await room.db.read(repository.planned_fault, operation) is None:
        return None
    fault = await room.db.write(repository.use_fault, operation)
    if fault is not None and fault.kind == "dead":
        raise OutOfOrder
    if fault is not None and fault.kind == "decline":
        raise Declined
    return fault


async def _answer(fault: Fault | None, data: object) -> Reply:
    if fault is not None and fault.kind == "slow":
        await asyncio.sleep(fault.delay_seconds)
    if fault is not None and fault.kind == "reset":
        return Reply(data=data, headers={RESET_HEADER: "now"})
    return Reply(data=data)
