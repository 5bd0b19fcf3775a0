"""Payments: attempts at providers and cash, refunds, what is due for each order, invoices and credit notes."""

from shikanji.contracts.payment import (
    InvoiceIssued,
    PaymentCompleted,
    PaymentFailed,
    PaymentInitiated,
    RefundCompleted,
    RefundInitiated,
)
from shikanji.kit.service import Service
from shikanji.services.payment.jobs import jobs
from shikanji.services.payment.routes import routes
from shikanji.services.payment.settings import PaymentSettings
from shikanji.services.payment.subscribers import subscribers
from shikanji.services.payment.tables import metadata

service = Service(
    name="payment",
    metadata=metadata,
    migrations="shikanji.services.payment.migrations",
    routes=routes,
    publishes=(PaymentInitiated, PaymentCompleted, PaymentFailed, RefundInitiated, RefundCompleted, InvoiceIssued),
    subscribers=subscribers,
    jobs=jobs,
    settings=PaymentSettings,
)
