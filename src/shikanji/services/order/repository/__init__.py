"""Every query of the order service: rows in, objects out."""

from shikanji.services.order.repository.finding import Filter, list_orders
from shikanji.services.order.repository.orders import (
    add_entries,
    add_order,
    count_unstarted,
    find_order,
    find_orders,
    get_order,
    lock_order,
    next_number,
    save_order,
    timeline_of,
)
from shikanji.services.order.repository.paying import (
    Failure,
    add_late_payment,
    add_payment_failure,
    add_revival,
    close_revival,
    find_revival,
    late_payments_of,
    payment_failures_of,
)
from shikanji.services.order.repository.tracking import Point, add_point, forget_points, points_of

__all__ = [
    "Failure",
    "Filter",
    "Point",
    "add_entries",
    "add_late_payment",
    "add_order",
    "add_payment_failure",
    "add_point",
    "add_revival",
    "close_revival",
    "count_unstarted",
    "find_order",
    "find_orders",
    "find_revival",
    "forget_points",
    "get_order",
    "late_payments_of",
    "list_orders",
    "lock_order",
    "next_number",
    "payment_failures_of",
    "points_of",
    "save_order",
    "timeline_of",
]
