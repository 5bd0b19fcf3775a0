"""The card: which products one sees, in which order, page by page."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from shikanji.services.inventory.model.dietary import Label
from shikanji.services.inventory.model.folding import tokens
from shikanji.services.inventory.model.product import Product
from shikanji.services.inventory.model.search import query_of, score

Place = tuple[int, int, int, str, str]
"""Rank, category, position, name, id: what the card is sorted by."""

_NAME_LENGTH_MAX = 24


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What one asks the card for; `categories` None: all of them."""

    categories: Collection[str] | None = None
    dietary: Label | None = None
    text: str = ""
    after: Place | None = None
    limit: int = 20


def within(wanted: Wanted, categories: Collection[str]) -> Wanted:
    return replace(wanted, categories=categories)


def page(products: Iterable[Product], category_order: Mapping[str, int], wanted: Wanted) -> list[tuple[Place, Product]]:
    """The products that match, best first, then as on the card; one more than the limit where more follow."""
    query = query_of(wanted.text)
    placed = (
        (
            (-rank, category_order.get(product.category_id, 0), product.position, _name(product.name), product.id),
            product,
        )
        for product, rank in ((each, _rank(each, query, wanted)) for each in products)
        if rank >= 0
    )
    left = sorted((each for each in placed if wanted.after is None or each[0] > wanted.after), key=lambda each: each[0])
    return left[: wanted.limit + 1]


def _rank(product: Product, query: tuple[str, ...], wanted: Wanted) -> int:
    """-1: not wanted at all."""
    if wanted.categories is not None and product.category_id not in wanted.categories:
        return -1
    if wanted.dietary is not None and wanted.dietary not in product.labels:
        return -1
    if not query:
        # A search for nothing but signs finds nothing; no search finds everything.
        return -1 if wanted.text.strip() else 0
    return score(product.terms, query) or -1


@lru_cache(maxsize=4_096)
def _name(name: str) -> str:
    return " ".join(tokens(name))[:_NAME_LENGTH_MAX]
