"""Why the order service refuses."""

from shikanji.kit.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests


class OrderNotFound(NotFound):
    type, title = "order-not-found", "No such order"


class IllegalStep(Conflict):
    type, title = "illegal-status", "The order cannot take this step now"


class TooEarly(Conflict):
    type, title = "too-early", "It is too early for this order"


class NotUnderway(Conflict):
    type, title = "not-under-way", "The order is not under way"


class StepNotAllowed(Forbidden):
    type, title = "step-not-allowed", "Your role may not take this step"


class OrderingNotAllowed(Forbidden):
    type, title = "ordering-not-allowed", "You may not order for this customer"


class AssignmentNotAllowed(Forbidden):
    type, title = "assignment-not-allowed", "You may not assign this work"


class OthersOrders(Forbidden):
    type, title = "others-orders", "You see your own orders only"


class NotOfThisStore(Forbidden):
    type, title = "not-of-this-store", "You do not work in this store"


class BelowMinimumOrder(Invalid):
    type, title = "below-minimum-order", "Below the minimum order"


class AmountTooSmall(Invalid):
    type, title = "amount-too-small", "Too little to be paid online"


class TooManyOpenOrders(TooManyRequests):
    type, title = "too-many-open-orders", "Too many open orders"


class ShortPayment(Conflict):
    type, title = "short-payment", "Less was paid than the order costs"
