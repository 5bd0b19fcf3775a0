"""The HTTP edge of the analytics service."""

from shikanji.services.analytics.routes.declared import routes

__all__ = ["routes"]
