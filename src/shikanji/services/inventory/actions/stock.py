"""Stock as the store keeps it: counted, planned, offered."""

from msgspec import UNSET, Struct

from shikanji.contracts.inventory import StockUnavailable
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Forbidden, Invalid
from shikanji.kit.failpoints import failpoint
from shikanji.kit.web.etags import etag, require_match
from shikanji.services.inventory.actions import balances
from shikanji.services.inventory.actions.holding import free
from shikanji.services.inventory.errors import ProductNotFound, StockNotFound
from shikanji.services.inventory.model.holds import to_break
from shikanji.services.inventory.model.product import Product
from shikanji.services.inventory.model.stock import Levels, Stock, Terms, balance_of, check_levels, on_hand_after
from shikanji.services.inventory.repository import catalogue, holds, stock


class Adjustment(Struct, frozen=True, kw_only=True):
    store_id: str
    product_id: str
    delta: int
    reason: str
    by: str


def adjust_stock(tx: Tx, wanted: Adjustment) -> Stock:
    """Changes what is on hand. Where less is left than is held, the youngest holds are broken."""
    row = _row(tx, wanted.store_id, wanted.product_id)
    after = on_hand_after(row, wanted.delta)
    if after < row.held:
        _break_holds(tx, row, row.held - after)
    balance = stock.adjust(tx, row.id, wanted.delta)
    tx.record(*balances.moved(tx, [(balance, wanted.delta)], "adjustment", reason=wanted.reason, by=wanted.by))
    failpoint("inventory.adjust.before_commit")
    return _reread(tx, row)


def set_opening_stock(
    tx: Tx, store_id: str, product_id: str, quantity: int, *, levels: Levels | None = None, by: str = balances.SYSTEM
) -> Stock:
    """The first stock of a product in a store; does nothing where there has been any."""
    row = _row(tx, store_id, product_id)
    if stock.movements_of(tx, row.id, ALL, 1):
        return row
    if levels is not None:
        stock.save_levels(tx, row, levels)
    balance = stock.adjust(tx, row.id, quantity)
    tx.record(*balances.moved(tx, [(balance, quantity)], "opening", reason="opening stock", by=by))
    return _reread(tx, row)


def set_levels(tx: Tx, product_id: str, levels: Levels, if_match: str | None) -> Stock:
    check_levels(levels)
    row = _existing(tx, levels.store_id, product_id)
    require_match(if_match, etag(row.version))
    saved = stock.save_levels(tx, row, levels)
    assert saved is not None
    if told := balances.level_events(tx, balance_of(saved)):
        tx.record(*told)
    return saved


def set_terms(tx: Tx, store_id: str, product_id: str, terms: Terms, if_match: str | None, may_price: bool) -> Stock:
    """`may_price`: head office; others leave the price as it is."""
    row = _row(tx, store_id, product_id)
    require_match(if_match, etag(row.version))
    if not (may_price or terms.price is UNSET or terms.price == row.price):
        raise Forbidden("prices are head office's")
    if isinstance(terms.price, int) and terms.price + _product(tx, product_id).lowest_delta < 0:
        raise Invalid.field("price", "the cheapest options take it below zero")
    saved = stock.save_terms(tx, row, terms)
    assert saved is not None
    return saved


def stock_of(tx: Tx, store_id: str, product_id: str) -> Stock:
    row = stock.of_product_in(tx, store_id, product_id)
    if row is None:
        raise StockNotFound
    return row


def stock_of_product(tx: Tx, product_id: str) -> list[Stock]:
    """In every store that has it."""
    _product(tx, product_id)
    return stock.of_product(tx, product_id)


def list_stock(tx: Tx, store_id: str, after: str, limit: int, low_only: bool) -> list[tuple[Stock, Product]]:
    rows = stock.in_store(tx, store_id, after, limit, low_only)
    return [(row, _product(tx, row.product_id)) for row in rows]


def list_movements(tx: Tx, store_id: str, product_id: str, before: str, limit: int) -> list[stock.Movement]:
    return stock.movements_of(tx, stock_of(tx, store_id, product_id).id, before, limit)


def _row(tx: Tx, store_id: str, product_id: str) -> Stock:
    """The locked row, which is there from now on."""
    row = stock.locked(tx, store_id, product_id)
    if row is None:
        _product(tx, product_id)
        stock.add(tx, store_id, product_id, tx.new_id())
        row = stock.locked(tx, store_id, product_id)
        assert row is not None
    return row


def _existing(tx: Tx, store_id: str, product_id: str) -> Stock:
    row = stock.locked(tx, store_id, product_id)
    if row is None:
        raise StockNotFound
    return row


def _reread(tx: Tx, row: Stock) -> Stock:
    return stock_of(tx, row.store_id, row.product_id)


def _product(tx: Tx, product_id: str) -> Product:
    product = catalogue.product(tx, product_id)
    if product is None:
        raise ProductNotFound
    return product


def _break_holds(tx: Tx, row: Stock, excess: int) -> None:
    """An untied hold is let go in silence: its order, should it come, tries to take again."""
    for hold in to_break(holds.open_in_store(tx, row.store_id), row.product_id, excess):
        free(tx, hold.needed, silently=row.id)
        if hold.state != "tied":
            holds.end(tx, hold, "released")
            continue
        holds.end(tx, hold, "broken")
        tx.record(
            StockUnavailable(
                order_id=hold.order_id, store_id=row.store_id, product_ids=[row.product_id], attempt=hold.attempt
            )
        )


ALL = "~"
"""After every UUID in text order."""
