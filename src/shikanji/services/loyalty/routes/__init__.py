"""The HTTP edge of the loyalty service."""

from shikanji.services.loyalty.routes import campaigns, points
from shikanji.services.loyalty.routes.declared import routes

__all__ = ["campaigns", "points", "routes"]
