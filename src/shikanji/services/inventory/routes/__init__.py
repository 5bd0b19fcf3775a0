"""The HTTP edge of the inventory service."""

from shikanji.services.inventory.routes import categories, products, stock, tax
from shikanji.services.inventory.routes.declared import routes

__all__ = ["categories", "products", "routes", "stock", "tax"]
