"""The shapes of the inventory service's HTTP edge. What comes in as a draft is in `model/`."""

from functools import lru_cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from shikanji.contracts.inventory import StockReason
from shikanji.kit.clock import to_rfc3339
from shikanji.kit.web.fields import Id
from shikanji.kit.web.pages import PageQuery
from shikanji.services.inventory.model.category import Category
from shikanji.services.inventory.model.dietary import Label
from shikanji.services.inventory.model.pricing import Offer
from shikanji.services.inventory.model.product import (
    LABEL_FIELDS,
    Choice,
    Customization,
    CustomizationDraft,
    Option,
    Product,
    ProductDraft,
    ProductFields,
)
from shikanji.services.inventory.model.stock import DELTA_MAX, Reason, Stock
from shikanji.services.inventory.model.tax import TaxRate
from shikanji.services.inventory.repository.ratings import Rating
from shikanji.services.inventory.repository.stock import Movement


class In(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What comes in: unknown fields are refused."""


class Out(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What goes out."""


class ListProducts(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    store_id: Id | None = None
    category: Annotated[str, Meta(min_length=1, max_length=80)] | None = None
    """Id or slug; with its subcategories."""
    dietary: Label | None = None
    q: Annotated[str, Meta(max_length=100)] | None = None
    """Every word must begin a word of the name (English or Hindi), a tag or an ingredient."""


class OfStore(In, frozen=True, kw_only=True):
    store_id: Id | None = None


class ListStock(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    store_id: Id
    low: bool = False
    """Only what is at its reorder point or below, or out."""


class ListMovements(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    store_id: Id


class AdjustStock(In, frozen=True, kw_only=True):
    store_id: Id
    delta: Annotated[int, Meta(ge=-DELTA_MAX, le=DELTA_MAX)]
    reason: Reason


class OptionView(Out, frozen=True, kw_only=True):
    id: str
    name: str
    name_hi: str | None
    price_delta: int
    is_default: bool
    ingredients: tuple[str, ...]
    excludes: list[Label]
    """The labels that the product loses with this option."""


class CustomizationView(Out, frozen=True, kw_only=True):
    id: str
    name: str
    name_hi: str | None
    kind: Choice
    required: bool
    min: int
    max: int
    options: list[OptionView]


class RatingView(Out, frozen=True, kw_only=True):
    average: float
    """Stars, 1 to 5, rounded to hundredths."""
    count: int


class ProductView(ProductFields, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """`price` and `available` are the store's where one is named. Then `available` says whether it can be ordered there
    now; without a store, whether head office offers it at all. `rating` is null while nobody has reviewed it."""

    id: str
    slug: str
    is_vegetarian: bool
    is_vegan: bool
    is_jain: bool
    is_gluten_free: bool
    is_nut_free: bool
    allergens: list[str]
    customizations: list[CustomizationView]
    rating: RatingView | None
    version: int
    created_at: str
    updated_at: str


class DefinitionView(ProductDraft, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A product as PUT takes it, with its cost."""

    id: str
    customizations: tuple[CustomizationDraft, ...]


class CategoryView(Out, frozen=True, kw_only=True):
    id: str
    parent_id: str | None
    slug: str
    name: str
    name_hi: str | None
    description: str
    image: str | None
    position: int
    created_at: str
    updated_at: str


class CategoryTree(CategoryView, frozen=True, kw_only=True):
    children: list[CategoryView]


class TaxRateView(Out, frozen=True, kw_only=True):
    tax_class: str
    name: str
    rate_bp: int
    hsn: str
    included: bool
    effective_from: str


class StockView(Out, frozen=True, kw_only=True):
    """`available` is on hand less held. Amounts in paise."""

    stock_id: str
    product_id: str
    store_id: str
    on_hand: int
    held: int
    available: int
    minimum: int
    maximum: int | None
    reorder_point: int
    low: bool
    unit_cost: int | None
    expires_on: str | None
    batch: str | None
    listed: bool
    price: int | None
    """This store's own price; null: the catalogue's."""


class ListedStock(StockView, frozen=True, kw_only=True):
    product_name: str
    sku: str


class MovementView(Out, frozen=True, kw_only=True):
    """One change of what is on hand, and what it left."""

    id: str
    at: str
    kind: StockReason
    delta: int
    on_hand: int
    reason: str
    order_id: str | None
    by: str
    """Account id, or `system`."""


def product_view(product: Product, rating: Rating | None, *, price: int, available: bool) -> ProductView:
    view = _catalogued(product)
    if (view.price, view.available, rating) == (price, available, None):
        return view
    return replace(view, price=price, available=available, rating=_rating_view(rating))


def _rating_view(rating: Rating | None) -> RatingView | None:
    if rating is None or not rating.count:
        return None
    return RatingView(average=rating.mean_hundredths / 100, count=rating.count)


@lru_cache(maxsize=4_096)
def _catalogued(product: Product) -> ProductView:
    """As the catalogue has it: for a card is read far more often than a product changes."""
    fields = {name: getattr(product, name) for name in ProductFields.__struct_fields__}
    labels: Any = {field: label in product.labels for field, label in LABEL_FIELDS}
    return ProductView(
        **fields,
        **labels,
        id=product.id,
        slug=product.slug,
        allergens=list(product.allergens),
        customizations=[_customization_view(group) for group in product.customizations],
        rating=None,
        version=product.version,
        created_at=to_rfc3339(product.created_at),
        updated_at=to_rfc3339(product.updated_at),
    )


def offer_view(product: Product, offer: Offer | None, rating: Rating | None, *, on_sale: bool) -> ProductView:
    """As one store has it; `offer` None: it does not."""
    price = product.price if offer is None else offer.price
    available = on_sale and offer is not None and offer.available > 0
    return product_view(product, rating, price=price, available=available)


def definition_view(product: Product) -> DefinitionView:
    fields = {name: getattr(product, name) for name in ProductFields.__struct_fields__}
    labels: Any = {field: label in product.labels for field, label in LABEL_FIELDS}
    return DefinitionView(
        **fields,
        **labels,
        id=product.id,
        slug=product.slug,
        cost=product.cost,
        customizations=product.customizations,
    )


def category_view(category: Category) -> CategoryView:
    return CategoryView(**_category_fields(category))


def category_tree(categories: list[Category]) -> list[CategoryTree]:
    return [
        CategoryTree(
            **_category_fields(top),
            children=[category_view(each) for each in categories if each.parent_id == top.id],
        )
        for top in categories
        if top.parent_id is None
    ]


def tax_rate_view(rate: TaxRate) -> TaxRateView:
    return TaxRateView(
        tax_class=rate.tax_class,
        name=rate.name,
        rate_bp=rate.rate_bp,
        hsn=rate.hsn,
        included=bool(rate.included),
        effective_from=to_rfc3339(rate.effective_from),
    )


def stock_view(row: Stock) -> StockView:
    return StockView(**_stock_fields(row))


def listed_stock(row: Stock, product: Product) -> ListedStock:
    return ListedStock(**_stock_fields(row), product_name=product.name, sku=product.sku)


def movement_view(movement: Movement) -> MovementView:
    return MovementView(
        id=movement.id,
        at=to_rfc3339(movement.at),
        kind=movement.kind,
        delta=movement.delta,
        on_hand=movement.on_hand,
        reason=movement.reason,
        order_id=movement.order_id,
        by=movement.by,
    )


def _customization_view(group: Customization) -> CustomizationView:
    return CustomizationView(
        id=group.id,
        name=group.name,
        name_hi=group.name_hi,
        kind=group.kind,
        required=group.required,
        min=group.min,
        max=group.max,
        options=[_option_view(option) for option in group.options],
    )


def _option_view(option: Option) -> OptionView:
    return OptionView(
        id=option.id,
        name=option.name,
        name_hi=option.name_hi,
        price_delta=option.price_delta,
        is_default=option.is_default,
        ingredients=option.ingredients,
        excludes=option.excludes,
    )


def _category_fields(category: Category) -> dict[str, Any]:
    fields = {name: getattr(category, name) for name in CategoryView.__struct_fields__}
    return fields | {"created_at": to_rfc3339(category.created_at), "updated_at": to_rfc3339(category.updated_at)}


def _stock_fields(row: Stock) -> dict[str, Any]:
    taken = ("product_id", "store_id", "on_hand", "held", "available", "minimum", "maximum", "reorder_point")
    fields = {name: getattr(row, name) for name in (*taken, "unit_cost", "expires_on", "batch", "price")}
    return fields | {
        "stock_id": row.id,
        "low": row.available <= row.reorder_point,
        "listed": bool(row.listed),
    }
