"""The HTTP edge of the payment service."""

from shikanji.services.payment.routes import invoices, paying
from shikanji.services.payment.routes.declared import routes

__all__ = ["invoices", "paying", "routes"]
