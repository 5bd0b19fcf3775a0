"""What the fake payment company refuses."""

from shikanji.kit.errors import Conflict, Invalid, NotFound, Unauthorized, Unavailable


class BadCredentials(Unauthorized):
    type, title = "sandbox-bad-credentials", "The merchant's key id or secret is wrong"


class UnknownOrder(NotFound):
    type, title = "sandbox-order-not-found", "There is no such order at the payment company"


class UnknownPayment(NotFound):
    type, title = "sandbox-payment-not-found", "There is no such payment at the payment company"


class UnknownRefund(NotFound):
    type, title = "sandbox-refund-not-found", "There is no refund under this key"


class AlreadyPaid(Conflict):
    type, title = "sandbox-already-paid", "This order is paid already"


class OtherRequest(Conflict):
    type, title = "sandbox-key-reused", "This key stands for another request"


class RefundTooHigh(Invalid):
    type, title = "sandbox-refund-too-high", "More than what is left of the payment"


class Declined(Invalid):
    type, title = "sandbox-declined", "The payment company declines"


class OutOfOrder(Unavailable):
    type, title = "sandbox-out-of-order", "The payment company is out of order"
