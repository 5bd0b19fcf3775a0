"""What the steps of an order tell the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shikanji.contracts.order import (
    CancelCause,
    EventLine,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderDispatched,
    OrderPreparing,
    OrderReady,
    OrderStatus,
    OrderStatusChanged,
    RestockLine,
)

if TYPE_CHECKING:
    from shikanji.kit.events import Event
    from shikanji.services.order.model.lines import Line
    from shikanji.services.order.model.order import Order


def created(order: Order, lines: list[Line]) -> OrderCreated:
    return OrderCreated(
        **_parties(order),
        order_number=order.order_number,
        fulfilment=order.fulfilment,
        payment_method=order.payment_method,
        lines=[_line(line) for line in lines],
        subtotal=order.subtotal,
        discount=order.discount,
        points_discount=order.points_discount,
        delivery_fee=order.delivery_fee,
        delivery_fee_tax=order.delivery_fee_tax,
        tax=order.tax,
        round_off=order.round_off,
        total=order.total,
        attempt=order.attempt,
        scheduled_for=order.scheduled_for,
        payment_deadline=order.payment_deadline,
        placed_at=order.placed_at,
        coupon_code=order.details.coupon_code,
        points_redeemed=order.details.points_redeemed,
        benefits=bool(order.benefits),
    )


def confirmed(order: Order) -> OrderConfirmed:
    return OrderConfirmed(
        **_parties(order),
        payment_method=order.payment_method,
        total=order.total,
        attempt=order.attempt,
        goods=order.goods,
        benefits=bool(order.benefits),
    )


def reached(order: Order, new: OrderStatus, by: str) -> Event:
    """The event of a step that the store takes."""
    parties = _parties(order)
    if new == "delivered":
        return OrderDelivered(
            **parties,
            payment_method=order.payment_method,
            total=order.total,
            by=by,
            product_ids=_products(order),
        )
    if new == "completed":
        return OrderCompleted(
            **parties,
            fulfilment=order.fulfilment,
            payment_method=order.payment_method,
            total=order.total,
            by=by,
            goods=order.goods,
            benefits=bool(order.benefits),
            product_ids=_products(order),
        )
    kinds: dict[OrderStatus, type[Event]] = {
        "preparing": OrderPreparing,
        "ready": OrderReady,
        "dispatched": OrderDispatched,
    }
    return kinds[new](**parties, by=by)


def cancelled(order: Order, cause: CancelCause, reason: str, restock: list[Line], by: str) -> OrderCancelled:
    """To be made while the order still has the status that it leaves."""
    return OrderCancelled(
        **_parties(order),
        cause=cause,
        reason=reason,
        previous=order.status,
        payment_method=order.payment_method,
        total=order.total,
        attempt=order.attempt,
        restock=[RestockLine(line_id=line.id, product_id=line.product_id, quantity=line.quantity) for line in restock],
        by=by,
    )


def status_changed(order: Order, old: OrderStatus | None, by: str) -> OrderStatusChanged:
    return OrderStatusChanged(**_parties(order), old=old, new=order.status, by=by)


def _parties(order: Order) -> dict[str, Any]:
    return {"order_id": order.id, "customer_id": order.customer_id, "store_id": order.store_id}


def _products(order: Order) -> list[str]:
    return list(dict.fromkeys(line.product_id for line in order.lines))


def _line(line: Line) -> EventLine:
    return EventLine(
        line_id=line.id,
        product_id=line.product_id,
        name=line.name,
        category_id=line.category_id,
        quantity=line.quantity,
        unit_price=line.unit_price,
        line_total=line.line_total,
        discount=line.discount,
        points_discount=line.points_discount,
        tax=line.tax,
        tax_rate_bp=line.tax_rate_bp,
        tax_included=line.tax_included,
        hsn=line.hsn,
    )
