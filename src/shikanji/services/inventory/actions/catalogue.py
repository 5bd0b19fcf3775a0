"""The catalogue: categories, products, tax classes."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from shikanji.contracts.review import RatingUpdated
from shikanji.kit.db.faults import ConstraintViolated
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Conflict, Invalid
from shikanji.kit.web.etags import etag, require_match
from shikanji.services.inventory.errors import (
    CategoryInUse,
    CategoryNotFound,
    ProductNotFound,
    SkuTaken,
    SlugTaken,
    TaxRateExists,
)
from shikanji.services.inventory.model import card, category, product, tax
from shikanji.services.inventory.model.category import Category, CategoryDraft
from shikanji.services.inventory.model.pricing import Offer
from shikanji.services.inventory.model.product import Product, ProductDraft
from shikanji.services.inventory.model.tax import TaxRate, TaxRateDraft
from shikanji.services.inventory.repository import catalogue, ratings
from shikanji.services.inventory.repository.ratings import Rating


class Shown(NamedTuple):
    """A product as one store has it; `offer` None: no store was named, or that store does not have it; `rating` None:
    nobody has reviewed it."""

    place: card.Place
    product: Product
    offer: Offer | None
    rating: Rating | None = None


_RATED = re.compile(r'-r\d+"')


def product_tag(product: Product, rating: Rating | None) -> str:
    """Names what is shown; without its rating, which no edit touches, what is edited."""
    return etag(f"{product.version}-r{rating.version}" if rating else product.version)


def create_category(tx: Tx, draft: CategoryDraft, *, id: str | None = None) -> Category:
    added = category.create(draft, id=id or tx.new_id(), now=tx.now)
    _check_place(tx, added)
    with _checked_again(tx, lambda: _check_place(tx, added)):
        is_new = catalogue.add_category(tx, added)
    if not is_new:
        raise SlugTaken(added.slug)
    tx.record(category.updated(added))
    return added


def change_category(tx: Tx, id: str, draft: CategoryDraft, if_match: str | None) -> Category:
    before = get_category(tx, id)
    require_match(if_match, etag(before.version))
    after = category.change(before, draft, tx.now)
    if after is before:
        return before
    _check_category(tx, after)
    with _checked_again(tx, lambda: _check_category(tx, after)):
        saved = catalogue.save_category(tx, after)
    if not saved:
        raise Conflict("somebody else is changing this category")
    tx.record(category.updated(after))
    return after


def delete_category(tx: Tx, id: str) -> None:
    get_category(tx, id)
    if catalogue.category_children(tx, id) or catalogue.category_products(tx, id):
        raise CategoryInUse
    try:
        with tx.savepoint():
            catalogue.delete_category(tx, id)
    except ConstraintViolated:
        raise CategoryInUse from None


def get_category(tx: Tx, id: str) -> Category:
    found = catalogue.category(tx, id)
    if found is None:
        raise CategoryNotFound
    return found


def list_categories(tx: Tx) -> list[Category]:
    return category.in_order(catalogue.all_categories(tx))


def create_product(tx: Tx, draft: ProductDraft, *, id: str | None = None) -> Product:
    added, events = product.create(draft, id=id or tx.new_id(), new_id=tx.new_id, now=tx.now)
    _check_references(tx, added)
    with _checked_again(tx, lambda: _check_references(tx, added)):
        is_new = catalogue.add_product(tx, added)
    if not is_new:
        raise Conflict(f"product {added.id} is there already")
    tx.record(*events)
    return added


def change_product(tx: Tx, id: str, draft: ProductDraft, if_match: str | None) -> Product:
    before = _product(tx, id)
    require_match(None if if_match is None else _RATED.sub('"', if_match), etag(before.version))
    after, events = product.change(before, draft, new_id=tx.new_id, now=tx.now)
    if not events:
        return before
    _check_references(tx, after)
    with _checked_again(tx, lambda: _check_references(tx, after)):
        saved = catalogue.save_product(tx, after)
    if not saved:
        raise Conflict("somebody else is changing this product")
    tx.record(*events)
    return after


def get_product(tx: Tx, id: str, store_id: str | None) -> tuple[Product, Offer | None]:
    found = _product(tx, id)
    return found, None if store_id is None else catalogue.offer(tx, store_id, id)


def rating_of(tx: Tx, id: str) -> Rating | None:
    return ratings.of_products(tx, [id]).get(id)


def keep_rating(tx: Tx, event: RatingUpdated) -> None:
    """Of a product; a store's is another matter. An older one than is known changes nothing."""
    if event.product_id is not None:
        given = Rating(event.product_id, event.version, event.count, event.sum, event.mean_hundredths)
        ratings.keep(tx, given)


def list_products(tx: Tx, store_id: str | None, in_category: str | None, wanted: card.Wanted) -> list[Shown]:
    """Up to one more than the wanted limit. `in_category`: id or slug."""
    ordered = list_categories(tx)
    if in_category is not None:
        wanted = card.within(wanted, category.with_children(ordered, in_category))
    offers = {product.id: (product, offer) for product, offer in catalogue.card(tx, store_id)}
    category_order = {each.id: at for at, each in enumerate(ordered)}
    found = card.page((product for product, _ in offers.values()), category_order, wanted)
    rated = ratings.of_products(tx, [each.id for _, each in found])
    return [Shown(place, *offers[each.id], rated.get(each.id)) for place, each in found]


def add_tax_rate(tx: Tx, draft: TaxRateDraft) -> TaxRate:
    starts_at = draft.starts_at(tx.now)
    known = [rate for rate in catalogue.all_tax_rates(tx) if rate.tax_class == draft.tax_class]
    tax.check_start(starts_at, tx.now, first=not known)
    added = TaxRate(draft.tax_class, starts_at, draft.name, draft.rate_bp, draft.hsn, int(draft.included))
    if not catalogue.add_tax_rate(tx, added):
        raise TaxRateExists(draft.tax_class)
    return added


def list_tax_rates(tx: Tx) -> list[TaxRate]:
    return catalogue.all_tax_rates(tx)


def _product(tx: Tx, id: str) -> Product:
    found = catalogue.product(tx, id)
    if found is None:
        raise ProductNotFound
    return found


@contextmanager
def _checked_again(tx: Tx, check: Callable[[], None]) -> Iterator[None]:
    """Around the statement that writes what was checked. Where the database refuses it, somebody else was faster: then
    `check` says what is wrong by now."""
    try:
        with tx.savepoint():
            yield
    except ConstraintViolated:
        check()
        raise Conflict("somebody else is changing the catalogue") from None


def _check_category(tx: Tx, checked: Category) -> None:
    _check_place(tx, checked)
    if catalogue.category_slug_owner(tx, checked.slug) not in (None, checked.id):
        raise SlugTaken(checked.slug)


def _check_place(tx: Tx, placed: Category) -> None:
    parent = None if placed.parent_id is None else catalogue.category(tx, placed.parent_id)
    has_children = placed.parent_id is not None and catalogue.category_children(tx, placed.id) > 0
    category.check_place(placed, parent, has_children)


def _check_references(tx: Tx, checked: Product) -> None:
    if catalogue.category(tx, checked.category_id) is None:
        raise Invalid.field("categoryId", "there is no such category")
    if checked.tax_class not in tax.rates_at(catalogue.tax_rates_until(tx, tx.now), tx.now):
        raise Invalid.field("taxClass", "there is no rate of this class now")
    if catalogue.slug_owner(tx, checked.slug) not in (None, checked.id):
        raise SlugTaken(checked.slug)
    if catalogue.sku_owner(tx, checked.sku) not in (None, checked.id):
        raise SkuTaken(checked.sku)
