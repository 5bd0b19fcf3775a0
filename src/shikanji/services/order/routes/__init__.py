"""The HTTP edge of the order service."""

from shikanji.services.order.routes import finding, placing, steps, tracking
from shikanji.services.order.routes.declared import routes

__all__ = ["finding", "placing", "routes", "steps", "tracking"]
