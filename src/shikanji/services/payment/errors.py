"""What the payment service refuses."""

from shikanji.kit.errors import BadRequest, Conflict, Invalid, NotFound, TooLarge, Unauthorized, Unavailable


class PaymentNotFound(NotFound):
    type, title = "payment-not-found", "There is no such payment"


class RefundNotFound(NotFound):
    type, title = "refund-not-found", "There is no such refund"


class OrderNotFound(NotFound):
    type, title = "order-not-found", "There is no such order"


class InvoiceNotFound(NotFound):
    type, title = "invoice-not-found", "There is no such invoice"


class WebhookNotFound(NotFound):
    type, title = "webhook-not-found", "There is no such webhook"


class WebhookNotDead(Conflict):
    type, title = "webhook-not-dead", "The webhook has not been laid aside"


class UnknownProvider(Invalid):
    type, title = "unknown-payment-provider", "This payment provider is not offered"


class NothingDue(Conflict):
    type, title = "nothing-due", "Nothing is to be paid for this order"


class TooManyAttempts(Conflict):
    type, title = "too-many-attempts", "Too many attempts to pay for this order have failed"


class PaidInCash(Conflict):
    type, title = "paid-in-cash", "This order is paid in cash at hand-over"


class NotInitiated(Conflict):
    type, title = "payment-not-initiated", "This payment has not been started at its provider"


class WrongSignature(Invalid):
    type, title = "wrong-payment-signature", "The signature does not fit this payment"


class NothingToRefund(Conflict):
    type, title = "nothing-to-refund", "More than is left of this payment"


class LineRefunded(Conflict):
    type, title = "line-refunded", "More of a line than was ordered would be refunded"


class RefundNotFailed(Conflict):
    type, title = "refund-not-failed", "Only a refused refund is tried again"


class ProviderUnavailable(Unavailable):
    type, title = "payment-provider-unavailable", "The payment provider does not answer"


class WebhookRefused(Unauthorized):
    type, title = "webhook-refused", "The webhook is not signed as agreed"


class WebhookTooLarge(TooLarge):
    type, title = "webhook-too-large", "The webhook is too large"


class WebhookUnreadable(BadRequest):
    type, title = "webhook-unreadable", "The webhook cannot be read"
