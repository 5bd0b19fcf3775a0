"""What the audit knows of the platform, written down: importing nine services to ask them takes longer than a look at
what is new. A test compares it with what they say."""

from collections.abc import Collection, Mapping

SERVICES = ("customer", "store", "inventory", "order", "payment", "loyalty", "review", "notification", "analytics")
SANDBOX = "sandbox"

_PUBLISHED: Mapping[str, str] = {
    "customer": "CustomerRegistered CustomerVerified ProfileUpdated AddressAdded SessionRevoked AccessChanged",
    "store": "StoreCreated StoreUpdated StoreStatusChanged StaffAdded StaffUpdated StaffRemoved DeliveryZoneUpdated",
    "inventory": (
        "ProductCreated ProductUpdated CategoryUpdated StockAdjusted LowStockAlert OutOfStock StockUnavailable "
        "PurchaseOrderCreated PurchaseOrderReceived"
    ),
    "order": (
        "OrderCreated OrderConfirmed OrderPreparing OrderReady OrderDispatched OrderDelivered OrderCompleted "
        "OrderCancelled OrderStatusChanged RefundRequested"
    ),
    "payment": "PaymentInitiated PaymentCompleted PaymentFailed RefundInitiated RefundCompleted InvoiceIssued",
    "loyalty": "PointsEarned PointsRedeemed TierUpgraded CampaignApplied",
    "review": "ReviewSubmitted RatingUpdated",
    "notification": "NotificationSent NotificationFailed",
}
"""Service → every event that it may record."""
_HEARD: Mapping[str, str] = {
    "customer": "OrderCreated PaymentCompleted StaffAdded StaffUpdated StaffRemoved",
    "store": "OrderCreated OrderCancelled",
    "inventory": "OrderCreated OrderConfirmed OrderPreparing OrderCancelled RatingUpdated",
    "order": "PaymentCompleted PaymentFailed StockUnavailable",
    "payment": "OrderCreated OrderDelivered OrderCompleted OrderCancelled RefundRequested",
    "loyalty": "CustomerRegistered OrderCreated OrderConfirmed OrderCompleted OrderCancelled RefundCompleted",
    "review": "OrderDelivered OrderCompleted",
    "notification": (
        "OrderCreated OrderStatusChanged OrderCancelled OrderDelivered OrderCompleted PaymentCompleted RefundCompleted "
        "CustomerRegistered LowStockAlert PointsEarned TierUpgraded"
    ),
    "analytics": " ".join(_PUBLISHED.values()),
}
"""Service → the events that it subscribes to."""

_ANYWHERE = "delivery pickup dine-in"
_AT_THE_STORE = "pickup dine-in"
LEGAL_STEPS: Mapping[tuple[str, str], str] = {
    ("pending", "confirmed"): _ANYWHERE,
    ("confirmed", "preparing"): _ANYWHERE,
    ("preparing", "ready"): _ANYWHERE,
    ("ready", "dispatched"): "delivery",
    ("dispatched", "delivered"): "delivery",
    ("ready", "completed"): _AT_THE_STORE,
    ("delivered", "completed"): "delivery",
    ("pending", "cancelled"): _ANYWHERE,
    ("confirmed", "cancelled"): _ANYWHERE,
    ("preparing", "cancelled"): _ANYWHERE,
    ("ready", "cancelled"): _ANYWHERE,
    ("dispatched", "cancelled"): "delivery",
    ("cancelled", "confirmed"): _ANYWHERE,
}
"""Steps of an order, from one status to the next, and for which fulfilments."""

WITH_CONSENT: Collection[str] = ("announcement",)
"""Kinds of messages that go to those who agreed."""
ONCE_AN_ORDER: Collection[str] = (
    "order-placed",
    "order-confirmed",
    "order-preparing",
    "order-ready",
    "order-dispatched",
    "order-delivered",
    "order-completed",
    "review-prompt",
)
"""Kinds of which an order has one message; it can be cancelled a second time after late money."""
INBOX_DAYS_MIN = 30
"""Messages are kept so long at least."""
CONFIRMED_DAYS_MAX = 15
"""An order is confirmed no later after it was placed, by the longest times that can be set."""


def subscriptions(services: Collection[str]) -> dict[str, dict[str, str]]:
    """Subscriber → event type → the service that publishes it. Of these services."""
    published = {kind: name for name in services for kind in _PUBLISHED.get(name, "").split()}
    return {
        name: {kind: published[kind] for kind in _HEARD[name].split() if kind in published}
        for name in services
        if name in _HEARD
    }
