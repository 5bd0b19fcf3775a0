"""What the inventory service refuses, and as what."""

from shikanji.kit.errors import Conflict, Invalid, NotFound, TooManyRequests


class ProductNotFound(NotFound):
    type, title = "product-not-found", "No such product"


class CategoryNotFound(NotFound):
    type, title = "category-not-found", "No such category"


class StockNotFound(NotFound):
    type, title = "stock-not-found", "No stock of this product in this store"


class SlugTaken(Conflict):
    type, title = "slug-taken", "Something else has this slug"


class SkuTaken(Conflict):
    type, title = "sku-taken", "Another product has this SKU"


class CategoryInUse(Conflict):
    type, title = "category-in-use", "The category still holds products or subcategories"


class TaxRateExists(Conflict):
    type, title = "tax-rate-exists", "The class has another rate from that moment on"


class BelowZero(Conflict):
    type, title = "below-zero", "There is not that much on hand"


class InsufficientStock(Conflict):
    type, title = "insufficient-stock", "Insufficient stock"


class HoldGone(Conflict):
    """The hold was given back, or its order cancelled, before it was asked for again."""

    type, title = "hold-released", "The hold was released already"


class ProductNotAvailable(Invalid):
    type, title = "product-not-available", "A product cannot be ordered here now"


class LabelContradicted(Invalid):
    type, title = "label-contradicted", "The ingredients contradict a dietary label"


class TooManyHolds(TooManyRequests):
    type, title = "too-many-holds", "Too many open orders"
