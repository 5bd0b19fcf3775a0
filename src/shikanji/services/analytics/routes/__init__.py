"""The HTTP edge of the analytics service."""

from shikanji.services.analytics.routes import customers, exports, operations, sales, visits
from shikanji.services.analytics.routes.declared import routes

__all__ = ["customers", "exports", "operations", "routes", "sales", "visits"]
