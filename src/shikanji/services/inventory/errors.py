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


class SupplierNotFound(NotFound):
    type, title = "supplier-not-found", "No such supplier"


class SupplierInUse(Conflict):
    type, title = "supplier-in-use", "Something was ordered from this supplier: retire it instead"


class GstinTaken(Conflict):
    type, title = "gstin-taken", "Another supplier has this GSTIN"


class PurchaseOrderNotFound(NotFound):
    type, title = "purchase-order-not-found", "No such purchase order"


class IllegalPurchaseStep(Conflict):
    type, title = "illegal-step", "The purchase order cannot go this way"


class TooMuchReceived(Conflict):
    type, title = "too-much-received", "More came than is awaited"


class ReceiptKnown(Conflict):
    type, title = "receipt-known", "This delivery was received already"


class NotOrdered(Invalid):
    type, title = "not-ordered", "A product is not in this purchase order"


class BelowZero(Conflict):
    type, title = "below-zero", "There is not that much on hand"


class InsufficientStock(Conflict):
    type, title = "insufficient-stock", "Insufficient stock"


class HoldGone(Conflict):
    """The hold was sold, given back, or its order cancelled, before it was asked for again."""

    type, title = "hold-released", "The hold was released already"


class ProductNotAvailable(Invalid):
    type, title = "product-not-available", "A product cannot be ordered here now"


class LabelContradicted(Invalid):
    type, title = "label-contradicted", "The ingredients contradict a dietary label"


class TooManyHolds(TooManyRequests):
    type, title = "too-many-holds", "Too many open orders"
