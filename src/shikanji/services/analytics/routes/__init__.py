"""The HTTP edge of the analytics service."""

from shikanji.services.analytics.routes import customers, sales
from shikanji.services.analytics.routes.declared import routes

__all__ = ["customers", "routes", "sales"]
