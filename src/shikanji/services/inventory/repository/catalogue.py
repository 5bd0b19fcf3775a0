"""Categories, products and tax rates."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.inventory.model.category import Category
from shikanji.services.inventory.model.pricing import Offer
from shikanji.services.inventory.model.product import Product, product_of
from shikanji.services.inventory.model.tax import TaxRate
from shikanji.services.inventory.tables import categories, products, stock, tax_rates


def all_categories(tx: Tx) -> list[Category]:
    return [_category(row) for row in tx.run(ALL_CATEGORIES)]


def category(tx: Tx, id: str) -> Category | None:
    row = tx.run(CATEGORY, id=id).first()
    return None if row is None else _category(row)


def category_slug_owner(tx: Tx, slug: str) -> str | None:
    owner: str | None = tx.run(CATEGORY_BY_SLUG, slug=slug).scalar()
    return owner


def add_category(tx: Tx, added: Category) -> bool:
    """False where the slug or the id is taken."""
    return tx.run(ADD_CATEGORY, **_category_columns(added)).count == 1


def save_category(tx: Tx, saved: Category) -> bool:
    """False where it has changed meanwhile."""
    columns = {f"new_{name}": value for name, value in _category_columns(saved).items() if name != "id"}
    return tx.run(SAVE_CATEGORY, id=saved.id, version=saved.version - 1, **columns).count == 1


def delete_category(tx: Tx, id: str) -> None:
    tx.run(DELETE_CATEGORY, id=id)


def category_children(tx: Tx, id: str) -> int:
    count: int = tx.run(CHILDREN, id=id).scalar()
    return count


def category_products(tx: Tx, id: str) -> int:
    count: int = tx.run(PRODUCTS_IN, id=id).scalar()
    return count


def product(tx: Tx, id: str) -> Product | None:
    row = tx.run(PRODUCT, id=id).first()
    return None if row is None else product_of(row[0])


def products_of(tx: Tx, ids: Sequence[str]) -> list[Product]:
    """Those of them that are there."""
    return [product_of(row[0]) for row in tx.run(PRODUCTS, ids=ids)]


def card(tx: Tx, store_id: str | None) -> list[tuple[Product, Offer | None]]:
    """Every product, with what the store offers of it; None where it has none, or no store is named."""
    if store_id is None:
        return [(product_of(row[0]), None) for row in tx.run(ALL_PRODUCTS)]
    return [_carded(row) for row in tx.run(CARD, store_id=store_id)]


def slug_owner(tx: Tx, slug: str) -> str | None:
    owner: str | None = tx.run(PRODUCT_BY_SLUG, slug=slug).scalar()
    return owner


def sku_owner(tx: Tx, sku: str) -> str | None:
    owner: str | None = tx.run(PRODUCT_BY_SKU, sku=sku).scalar()
    return owner


def add_product(tx: Tx, added: Product) -> bool:
    """False where its id, slug or SKU is taken."""
    return tx.run(ADD_PRODUCT, **_product_columns(added)).count == 1


def save_product(tx: Tx, saved: Product) -> bool:
    """False where it has changed meanwhile."""
    columns = {f"new_{name}": value for name, value in _product_columns(saved).items() if name != "id"}
    return tx.run(SAVE_PRODUCT, id=saved.id, version=saved.version - 1, **columns).count == 1


def offer(tx: Tx, store_id: str, product_id: str) -> Offer | None:
    return offers(tx, store_id, [product_id]).get(product_id)


def offers(tx: Tx, store_id: str, product_ids: Collection[str]) -> dict[str, Offer]:
    """By product id, those that the store has a stock row for."""
    found = (_offer(row) for row in tx.run(OFFERS, store_id=store_id, product_ids=product_ids))
    return {offer.product.id: offer for offer in found}


def tax_rates_until(tx: Tx, at: int) -> list[TaxRate]:
    """In the order of their effective dates."""
    return tx.run(RATES_UNTIL, at=at).all(TaxRate)


def all_tax_rates(tx: Tx) -> list[TaxRate]:
    return tx.run(ALL_RATES).all(TaxRate)


def add_tax_rate(tx: Tx, rate: TaxRate) -> bool:
    """False where the class has a rate from that moment already."""
    return tx.run(ADD_RATE, **msgspec.structs.asdict(rate)).count == 1


def _category(row: tuple[Any, ...]) -> Category:
    return Category(**dict(zip(CATEGORY_COLUMNS, row, strict=True)))


def _category_columns(shown: Category) -> dict[str, Any]:
    return {name: getattr(shown, name) for name in CATEGORY_COLUMNS}


def _product_columns(shown: Product) -> dict[str, Any]:
    return {
        "id": shown.id,
        "category_id": shown.category_id,
        "slug": shown.slug,
        "sku": shown.sku,
        "version": shown.version,
        "document": msgspec.json.encode(shown),
    }


def _offer(row: tuple[Any, ...]) -> Offer:
    document, stock_id, listed, price, available = row
    return Offer(product_of(document), stock_id, bool(listed), price, available)


def _carded(row: tuple[Any, ...]) -> tuple[Product, Offer | None]:
    if row[1] is None:
        return product_of(row[0]), None
    offer = _offer(row)
    return offer.product, offer


CATEGORY_COLUMNS = tuple(column.name for column in categories.c)

ALL_CATEGORIES = sa.select(*categories.c)
CATEGORY = sa.select(*categories.c).where(categories.c.id == bindparam("id"))
CATEGORY_BY_SLUG = sa.select(categories.c.id).where(categories.c.slug == bindparam("slug"))
ADD_CATEGORY = upsert(categories).on_conflict_do_nothing()
SAVE_CATEGORY = (
    sa.update(categories)
    .where(categories.c.id == bindparam("id"), categories.c.version == bindparam("version"))
    .values({name: bindparam(f"new_{name}") for name in CATEGORY_COLUMNS if name != "id"})
)
DELETE_CATEGORY = sa.delete(categories).where(categories.c.id == bindparam("id"))
CHILDREN = sa.select(sa.func.count()).select_from(categories).where(categories.c.parent_id == bindparam("id"))
PRODUCTS_IN = sa.select(sa.func.count()).select_from(products).where(products.c.category_id == bindparam("id"))

PRODUCT = sa.select(products.c.document).where(products.c.id == bindparam("id"))
PRODUCTS = sa.select(products.c.document).where(any_of(products.c.id, "ids"))
ALL_PRODUCTS = sa.select(products.c.document)
PRODUCT_BY_SLUG = sa.select(products.c.id).where(products.c.slug == bindparam("slug"))
PRODUCT_BY_SKU = sa.select(products.c.id).where(products.c.sku == bindparam("sku"))
ADD_PRODUCT = upsert(products).on_conflict_do_nothing()
SAVE_PRODUCT = (
    sa.update(products)
    .where(products.c.id == bindparam("id"), products.c.version == bindparam("version"))
    .values({column.name: bindparam(f"new_{column.name}") for column in products.c if column.name != "id"})
)

_OFFERED = (products.c.document, stock.c.id, stock.c.listed, stock.c.price, stock.c.on_hand - stock.c.held)
_IN_STORE = stock.c.store_id == bindparam("store_id")
_OF_PRODUCT = stock.c.product_id == products.c.id
OFFERS = (
    sa.select(*_OFFERED)
    .join_from(stock, products, _OF_PRODUCT)
    .where(_IN_STORE, any_of(stock.c.product_id, "product_ids"))
)
CARD = sa.select(*_OFFERED).join_from(products, stock, sa.and_(_OF_PRODUCT, _IN_STORE), isouter=True)

ALL_RATES = sa.select(*tax_rates.c).order_by(tax_rates.c.tax_class, tax_rates.c.effective_from)
RATES_UNTIL = (
    sa.select(*tax_rates.c).where(tax_rates.c.effective_from <= bindparam("at")).order_by(tax_rates.c.effective_from)
)
ADD_RATE = upsert(tax_rates).on_conflict_do_nothing()
