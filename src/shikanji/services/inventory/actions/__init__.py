"""The use cases of the inventory service, each inside one transaction."""

from shikanji.services.inventory.actions.catalogue import (
    add_tax_rate,
    change_category,
    change_product,
    create_category,
    create_product,
    delete_category,
    get_category,
    get_product,
    list_categories,
    list_products,
    list_tax_rates,
)
from shikanji.services.inventory.actions.holding import hold_stock, lapse, postpone, release_hold
from shikanji.services.inventory.actions.orders import order_cancelled, order_confirmed, order_created, order_preparing
from shikanji.services.inventory.actions.stock import (
    adjust_stock,
    list_movements,
    list_stock,
    set_levels,
    set_opening_stock,
    set_terms,
    stock_of,
    stock_of_product,
)

__all__ = [
    "add_tax_rate",
    "adjust_stock",
    "change_category",
    "change_product",
    "create_category",
    "create_product",
    "delete_category",
    "get_category",
    "get_product",
    "hold_stock",
    "lapse",
    "list_categories",
    "list_movements",
    "list_products",
    "list_stock",
    "list_tax_rates",
    "order_cancelled",
    "order_confirmed",
    "order_created",
    "order_preparing",
    "postpone",
    "release_hold",
    "set_levels",
    "set_opening_stock",
    "set_terms",
    "stock_of",
    "stock_of_product",
]
