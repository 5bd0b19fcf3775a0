"""The HTTP edge of the analytics service."""

from shikanji.services.analytics.routes import customers, operations, sales, visits
from shikanji.services.analytics.routes.declared import routes

__all__ = ["customers", "operations", "routes", "sales", "visits"]
