"""The HTTP edge of the inventory service."""

from shikanji.services.inventory.routes import categories, products, purchases, receiving, stock, suppliers, tax
from shikanji.services.inventory.routes.declared import routes

__all__ = ["categories", "products", "purchases", "receiving", "routes", "stock", "suppliers", "tax"]
