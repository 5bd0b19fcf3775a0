"""Catalogue and stock: what is sold, what is in it, what it costs, and how much of it is where."""

from shikanji.contracts.inventory import (
    CategoryUpdated,
    LowStockAlert,
    OutOfStock,
    ProductCreated,
    ProductUpdated,
    PurchaseOrderCreated,
    PurchaseOrderReceived,
    StockAdjusted,
    StockUnavailable,
)
from shikanji.kit.service import Service
from shikanji.services.inventory.answers import answers
from shikanji.services.inventory.jobs import jobs
from shikanji.services.inventory.routes import routes
from shikanji.services.inventory.settings import InventorySettings
from shikanji.services.inventory.subscribers import subscribers
from shikanji.services.inventory.tables import metadata

service = Service(
    name="inventory",
    metadata=metadata,
    migrations="shikanji.services.inventory.migrations",
    routes=routes,
    publishes=(
        ProductCreated,
        ProductUpdated,
        CategoryUpdated,
        StockAdjusted,
        LowStockAlert,
        OutOfStock,
        StockUnavailable,
        PurchaseOrderCreated,
        PurchaseOrderReceived,
    ),
    subscribers=subscribers,
    answers=answers,
    jobs=jobs,
    settings=InventorySettings,
)
