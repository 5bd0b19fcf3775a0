"""The HTTP edge of the store service."""

from shikanji.services.store.routes import hours, serving, staff, stores, zones
from shikanji.services.store.routes.declared import routes

__all__ = ["hours", "routes", "serving", "staff", "stores", "zones"]
