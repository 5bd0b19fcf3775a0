"""Stock and its movements. Every statement that changes a quantity checks it in the same breath; rows are touched in
the order of their ids."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import sqlalchemy as sa
from msgspec import UNSET
from sqlalchemy import bindparam

from shikanji.contracts.inventory import StockReason
from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Rows, Tx
from shikanji.services.inventory.model.pricing import Needed
from shikanji.services.inventory.model.stock import Balance, Level, Levels, Stock, Terms
from shikanji.services.inventory.tables import movements, stock


class Movement(NamedTuple):
    """In the order of its table's columns."""

    stock_id: str
    id: str
    at: int
    kind: StockReason
    delta: int
    on_hand: int
    reason: str
    order_id: str | None
    attempt: int | None
    by: str


def hold(tx: Tx, need: Needed) -> bool:
    """Takes the quantity if it is there; False where it is not."""
    return tx.run(HOLD, id=need.stock_id, quantity=need.quantity).count == 1


def free(tx: Tx, need: Needed) -> Balance:
    """Gives back what was held."""
    return _left(tx.run(FREE, id=need.stock_id, quantity=need.quantity), need.stock_id)


def sell(tx: Tx, quantities: Mapping[str, int]) -> dict[str, Balance]:
    """What was held leaves the shelf, by stock id; what is left there."""
    ids = sorted(quantities)
    # Without RETURNING: on SQLite it costs twice the update.
    sold = tx.run_each(SELL, [{"id": stock_id, "quantity": quantities[stock_id]} for stock_id in ids])
    if sold != len(ids):
        raise LookupError(f"of {ids} not all has what the books say")
    return {row[0]: Balance(*row) for row in tx.run(BALANCES, ids=ids)}


def adjust(tx: Tx, stock_id: str, delta: int) -> Balance:
    """The caller has the row locked and made sure that it stays above what is held."""
    return _left(tx.run(ADD, id=stock_id, delta=delta), stock_id)


def set_level(tx: Tx, stock_id: str, level: Level) -> None:
    tx.run(SET_LEVEL, id=stock_id, level=level)


def locked(tx: Tx, store_id: str, product_id: str) -> Stock | None:
    """The row, and nobody else's until this transaction ends."""
    return tx.run(LOCKED, store_id=store_id, product_id=product_id).one(Stock)


def of_product_in(tx: Tx, store_id: str, product_id: str) -> Stock | None:
    return tx.run(OF_PRODUCT_IN, store_id=store_id, product_id=product_id).one(Stock)


def of_product(tx: Tx, product_id: str) -> list[Stock]:
    return tx.run(OF_PRODUCT, product_id=product_id).all(Stock)


def in_store(tx: Tx, store_id: str, after: str, limit: int, low_only: bool) -> list[Stock]:
    """By id, those after `after`; `low_only`: available at the reorder point or below."""
    statement = LOW_IN_STORE if low_only else IN_STORE
    return tx.run(statement, store_id=store_id, after=after, limit=limit).all(Stock)


def add(tx: Tx, store_id: str, product_id: str, stock_id: str) -> None:
    """An empty row, where there is none yet."""
    tx.run(ADD_EMPTY, id=stock_id, store_id=store_id, product_id=product_id)


def save_levels(tx: Tx, row: Stock, levels: Levels) -> Stock | None:
    return tx.run(
        SAVE_LEVELS,
        id=row.id,
        new_minimum=levels.minimum,
        new_maximum=levels.maximum,
        new_reorder_point=levels.reorder_point,
        new_unit_cost=levels.unit_cost,
        new_expires_on=None if levels.expires_on is None else levels.expires_on.isoformat(),
        new_batch=levels.batch,
    ).one(Stock)


def save_terms(tx: Tx, row: Stock, terms: Terms) -> Stock | None:
    price = row.price if terms.price is UNSET else terms.price
    return tx.run(SAVE_TERMS, id=row.id, new_listed=int(terms.listed), new_price=price).one(Stock)


def add_movements(tx: Tx, rows: Iterable[Movement]) -> None:
    tx.run_each(ADD_MOVEMENT, [row._asdict() for row in rows])


def movements_of(tx: Tx, stock_id: str, before: str, limit: int) -> list[Movement]:
    """The newest first, those before the id `before`."""
    return tx.run(MOVEMENTS_OF, stock_id=stock_id, before=before, limit=limit).all(Movement)


def _left(rows: Rows, stock_id: str) -> Balance:
    # What a hold's lines name is in `held`, and no row is taken below it: anything else, and the tables contradict
    # themselves.
    left = rows.one(Balance)
    if left is None:
        raise LookupError(f"stock {stock_id} has not what the books say")
    return left


_ID = stock.c.id == bindparam("id")
_QUANTITY = bindparam("quantity", type_=sa.BigInteger)
_DELTA = bindparam("delta", type_=sa.BigInteger)
_AVAILABLE = stock.c.on_hand - stock.c.held
_BALANCE = (
    stock.c.id,
    stock.c.store_id,
    stock.c.product_id,
    stock.c.on_hand,
    stock.c.held,
    stock.c.reorder_point,
    stock.c.level,
)

HOLD = sa.update(stock).where(_ID, _AVAILABLE >= _QUANTITY).values(held=stock.c.held + _QUANTITY)
FREE = sa.update(stock).where(_ID, stock.c.held >= _QUANTITY).values(held=stock.c.held - _QUANTITY).returning(*_BALANCE)
SELL = (
    sa.update(stock)
    .where(_ID, stock.c.held >= _QUANTITY)
    .values(held=stock.c.held - _QUANTITY, on_hand=stock.c.on_hand - _QUANTITY)
)
BALANCES = sa.select(*_BALANCE).where(any_of(stock.c.id, "ids"))
ADD = (
    sa.update(stock)
    .where(_ID, stock.c.on_hand + _DELTA >= stock.c.held)
    .values(on_hand=stock.c.on_hand + _DELTA)
    .returning(*_BALANCE)
)
SET_LEVEL = sa.update(stock).where(_ID).values(level=bindparam("level"))

_IN_STORE = stock.c.store_id == bindparam("store_id")
OF_PRODUCT = sa.select(*stock.c).where(stock.c.product_id == bindparam("product_id")).order_by(stock.c.store_id)
OF_PRODUCT_IN = sa.select(*stock.c).where(_IN_STORE, stock.c.product_id == bindparam("product_id"))
LOCKED = OF_PRODUCT_IN.with_for_update()
IN_STORE = (
    sa.select(*stock.c)
    .where(_IN_STORE, stock.c.id > bindparam("after"))
    .order_by(stock.c.id)
    .limit(bindparam("limit", type_=sa.BigInteger))
)
LOW_IN_STORE = IN_STORE.where(stock.c.reorder_point >= _AVAILABLE)

ADD_EMPTY = (
    upsert(stock)
    .values(
        id=bindparam("id"),
        store_id=bindparam("store_id"),
        product_id=bindparam("product_id"),
        on_hand=0,
        held=0,
        minimum=0,
        reorder_point=0,
        listed=1,
        level=0,
        version=1,
    )
    .on_conflict_do_nothing()
)
_EDITED = {"version": stock.c.version + 1}
SAVE_LEVELS = (
    sa.update(stock)
    .where(_ID)
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("minimum", "maximum", "reorder_point", "unit_cost", "expires_on", "batch")
        }
        | _EDITED
    )
    .returning(*stock.c)
)
SAVE_TERMS = (
    sa.update(stock)
    .where(_ID)
    .values({"listed": bindparam("new_listed"), "price": bindparam("new_price")} | _EDITED)
    .returning(*stock.c)
)

ADD_MOVEMENT = sa.insert(movements)
MOVEMENTS_OF = (
    sa.select(*movements.c)
    .where(movements.c.stock_id == bindparam("stock_id"), movements.c.id < bindparam("before"))
    .order_by(movements.c.id.desc())
    .limit(bindparam("limit", type_=sa.BigInteger))
)
