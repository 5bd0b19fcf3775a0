"""The payment service's requests and answers."""

from shikanji.services.payment.schemas.invoices import (
    ExportQuery,
    InvoicesQuery,
    InvoiceSummary,
    InvoiceTable,
    InvoiceView,
    PrintQuery,
)
from shikanji.services.payment.schemas.paying import (
    DeadWebhookView,
    Initiate,
    InitiatedView,
    PaymentDetailView,
    PaymentsQuery,
    PaymentView,
    RefundView,
    RequestRefund,
    Verify,
    WebhookTaken,
    detail,
    initiated,
)

__all__ = [
    "DeadWebhookView",
    "ExportQuery",
    "Initiate",
    "InitiatedView",
    "InvoiceSummary",
    "InvoiceTable",
    "InvoiceView",
    "InvoicesQuery",
    "PaymentDetailView",
    "PaymentView",
    "PaymentsQuery",
    "PrintQuery",
    "RefundView",
    "RequestRefund",
    "Verify",
    "WebhookTaken",
    "detail",
    "initiated",
]
