"""The HTTP edge of the analytics service."""

from shikanji.services.analytics.routes import customers, exports, history, operations, sales, visits
from shikanji.services.analytics.routes.declared import routes

__all__ = ["customers", "exports", "history", "operations", "routes", "sales", "visits"]
