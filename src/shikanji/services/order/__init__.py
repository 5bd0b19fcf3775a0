"""Orders: their placing, their way through the kitchen and to the customer, and their end."""

from shikanji.contracts.order import (
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderDispatched,
    OrderPreparing,
    OrderReady,
    OrderStatusChanged,
    RefundRequested,
)
from shikanji.kit.service import Service
from shikanji.services.order.answers import answers
from shikanji.services.order.jobs import jobs
from shikanji.services.order.routes import routes
from shikanji.services.order.settings import OrderSettings
from shikanji.services.order.subscribers import subscribers
from shikanji.services.order.tables import metadata

service = Service(
    name="order",
    metadata=metadata,
    migrations="shikanji.services.order.migrations",
    routes=routes,
    publishes=(
        OrderCreated,
        OrderConfirmed,
        OrderPreparing,
        OrderReady,
        OrderDispatched,
        OrderDelivered,
        OrderCompleted,
        OrderCancelled,
        OrderStatusChanged,
        RefundRequested,
    ),
    subscribers=subscribers,
    answers=answers,
    jobs=jobs,
    settings=OrderSettings,
)
