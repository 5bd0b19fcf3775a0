"""What sells well, what hardly, and what is bought together."""

from collections.abc import Sequence
from typing import NamedTuple

from shikanji.kit.db.tx import Tx
from shikanji.services.analytics.actions.reports import ProductSales, best_first, scope, with_names
from shikanji.services.analytics.model.calendar import Span
from shikanji.services.analytics.repository import names, reports

PAIRS_MAX = 20


class PairSales(NamedTuple):
    """In how many orders these two were together, ever."""

    first_id: str
    first_name: str
    second_id: str
    second_name: str
    orders: int


class ProductReport(NamedTuple):
    """All products, also those that nobody bought, the best first."""

    products: Sequence[ProductSales]
    pairs: Sequence[PairSales]


def report(tx: Tx, store_ids: Sequence[str] | None, span: Span) -> ProductReport:
    asked = scope(tx, store_ids)
    known = {product.product_id: product for product in names.all_products(tx)}
    sold = {row.key: row.figures for row in reports.by_key(tx, asked.ids, "product", span)}
    pairs = [
        PairSales(pair.first_id, known[pair.first_id].name, pair.second_id, known[pair.second_id].name, pair.orders)
        for pair in reports.pairs(tx, asked.ids, PAIRS_MAX)
    ]
    return ProductReport(sorted(with_names(tx, known.values(), sold), key=best_first), pairs)
