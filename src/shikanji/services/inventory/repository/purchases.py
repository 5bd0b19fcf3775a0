"""Purchase orders and their deliveries."""

from collections.abc import Sequence

import sqlalchemy as sa
from msgspec.structs import asdict, replace
from sqlalchemy import bindparam

from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.inventory.model.purchase import Came, Line, Noted, Purchase, Receipt, Status
from shikanji.services.inventory.model.reorder import Short
from shikanji.services.inventory.model.stock import Stock
from shikanji.services.inventory.tables import (
    awaits,
    movements,
    purchase_order_lines,
    purchase_order_numbers,
    purchase_orders,
    purchase_receipt_lines,
    purchase_receipts,
    stock,
)


def find(tx: Tx, id: str) -> Purchase | None:
    return _whole(tx, tx.run(FIND, id=id).one(Purchase))


def locked(tx: Tx, id: str) -> Purchase | None:
    """The row, and nobody else's until this transaction ends."""
    return _whole(tx, tx.run(LOCKED, id=id).one(Purchase))


def listed(
    tx: Tx, store_id: str, before: str | None, limit: int, status: Status | None, supplier_id: str | None
) -> list[Purchase]:
    """Without their lines, the newest first, those before the id `before`."""
    table = purchase_orders.c
    statement = sa.select(*table).where(table.store_id == store_id).order_by(table.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(table.id < before)
    if status is not None:
        statement = statement.where(table.status == status)
    if supplier_id is not None:
        statement = statement.where(table.supplier_id == supplier_id)
    return tx.execute(statement).all(Purchase)


def take_turn(tx: Tx, year: int) -> None:
    """Nobody else is given a number of this financial year until this transaction ends."""
    tx.run(TAKE_TURN, year=year)


def next_place(tx: Tx, year: int) -> int:
    """The next number of this financial year."""
    place: int = tx.run(COUNT, year=year).scalar()
    return place


def add(tx: Tx, purchase: Purchase) -> None:
    tx.run(ADD, **_columns(purchase))
    _add_lines(tx, purchase)


def save(tx: Tx, purchase: Purchase) -> None:
    """The caller has the row locked."""
    columns = _columns(purchase)
    tx.run(SAVE, id=columns.pop("id"), **{f"new_{name}": columns[name] for name in _CHANGING})
    tx.run(CLEAR_LINES, purchase_order_id=purchase.id)
    _add_lines(tx, purchase)


def add_receipt(tx: Tx, receipt: Receipt) -> bool:
    """Without its lines. False where one with its reference is there already."""
    columns = {name: getattr(receipt, name) for name in _RECEIPT_COLUMNS}
    return tx.run(ADD_RECEIPT, **columns).count == 1


def add_receipt_lines(tx: Tx, receipt: Receipt) -> None:
    """Their movements are there."""
    tx.run_each(ADD_RECEIPT_LINE, [{"receipt_id": receipt.id, **asdict(line)} for line in receipt.lines])


def receipts_of(tx: Tx, purchase_order_id: str, before: str | None, limit: int) -> list[Receipt]:
    """The newest first, those before the id `before`."""
    found = tx.run(RECEIPTS, purchase_order_id=purchase_order_id, before=before or AFTER_ALL, limit=limit).all(Receipt)
    lines: dict[str, list[Came]] = {}
    for receipt_id, *columns in tx.run(RECEIPT_LINES, receipt_ids=[receipt.id for receipt in found]):
        lines.setdefault(receipt_id, []).append(Came(*columns))
    return [replace(receipt, lines=tuple(lines[receipt.id])) for receipt in found]


def locked_shelves(tx: Tx, store_id: str, product_ids: Sequence[str]) -> list[Stock]:
    """The stock rows of these products that are there, in the order in which stock is touched."""
    return tx.run(LOCKED_SHELVES, store_id=store_id, product_ids=product_ids).all(Stock)


def note(tx: Tx, stock_id: str, noted: Noted) -> None:
    tx.run(NOTE, id=stock_id, new_unit_cost=noted.unit_cost, new_batch=noted.batch, new_expires_on=noted.expires_on)


def shorts(tx: Tx, store_id: str, limit: int) -> list[Short]:
    """What is on the store's card and, with what is awaited, at its reorder point or below."""
    return tx.run(SHORTS, store_id=store_id, limit=limit).all(Short)


def sold_since(tx: Tx, stock_ids: Sequence[str], first_id: str) -> dict[str, int]:
    """By stock, what orders took since the movement `first_id` less what they gave back."""
    return {row[0]: int(row[1]) for row in tx.run(SOLD_SINCE, stock_ids=stock_ids, first_id=first_id)}


def _whole(tx: Tx, purchase: Purchase | None) -> Purchase | None:
    if purchase is None:
        return None
    return replace(purchase, lines=tuple(tx.run(LINES, purchase_order_id=purchase.id).all(Line)))


def _columns(purchase: Purchase) -> dict[str, object]:
    return {name: getattr(purchase, name) for name in _COLUMNS}


def _add_lines(tx: Tx, purchase: Purchase) -> None:
    tx.run_each(ADD_LINE, [{"purchase_order_id": purchase.id, **asdict(line)} for line in purchase.lines])


AFTER_ALL = "~"
"""After every UUID in text order."""

_COLUMNS = tuple(column.name for column in purchase_orders.c)
_CHANGING = ("status", "expected_on", "note", "cancel_reason", "total", "version", "updated_at")
_RECEIPT_COLUMNS = tuple(column.name for column in purchase_receipts.c)
_ID = purchase_orders.c.id == bindparam("id")
_OF_PURCHASE = purchase_order_lines.c.purchase_order_id == bindparam("purchase_order_id")
_LIMIT = bindparam("limit", type_=sa.BigInteger)

FIND = sa.select(*purchase_orders.c).where(_ID)
LOCKED = FIND.with_for_update()
ADD = sa.insert(purchase_orders)
SAVE = sa.update(purchase_orders).where(_ID).values({name: bindparam(f"new_{name}") for name in _CHANGING})
TAKE_TURN = (
    upsert(purchase_order_numbers)
    .values(year=bindparam("year"), last=0)
    .on_conflict_do_update(index_elements=["year"], set_={"last": purchase_order_numbers.c.last})
)
COUNT = (
    upsert(purchase_order_numbers)
    .values(year=bindparam("year"), last=1)
    .on_conflict_do_update(index_elements=["year"], set_={"last": purchase_order_numbers.c.last + 1})
    .returning(purchase_order_numbers.c.last)
)
LINES = (
    sa.select(*(column for column in purchase_order_lines.c if column.name != "purchase_order_id"))
    .where(_OF_PURCHASE)
    .order_by(purchase_order_lines.c.place)
)
CLEAR_LINES = sa.delete(purchase_order_lines).where(_OF_PURCHASE)
ADD_LINE = sa.insert(purchase_order_lines)

ADD_RECEIPT = upsert(purchase_receipts).on_conflict_do_nothing()
ADD_RECEIPT_LINE = sa.insert(purchase_receipt_lines)
RECEIPTS = (
    sa.select(*purchase_receipts.c)
    .where(
        purchase_receipts.c.purchase_order_id == bindparam("purchase_order_id"),
        purchase_receipts.c.id < bindparam("before"),
    )
    .order_by(purchase_receipts.c.id.desc())
    .limit(_LIMIT)
)
RECEIPT_LINES = (
    sa.select(*purchase_receipt_lines.c)
    .where(any_of(purchase_receipt_lines.c.receipt_id, "receipt_ids"))
    .order_by(purchase_receipt_lines.c.receipt_id, purchase_receipt_lines.c.place)
)

_IN_STORE = stock.c.store_id == bindparam("store_id")
LOCKED_SHELVES = (
    sa.select(*stock.c)
    .where(_IN_STORE, any_of(stock.c.product_id, "product_ids"))
    .order_by(stock.c.id)
    .with_for_update()
)
NOTE = (
    sa.update(stock)
    .where(stock.c.id == bindparam("id"))
    .values(
        {name: bindparam(f"new_{name}") for name in ("unit_cost", "batch", "expires_on")}
        | {"version": stock.c.version + 1}
    )
)

_awaited = (
    sa.select(
        purchase_order_lines.c.product_id,
        sa.func.sum(
            purchase_order_lines.c.quantity - purchase_order_lines.c.received - purchase_order_lines.c.cancelled
        ).label("quantity"),
    )
    .join_from(purchase_orders, purchase_order_lines, purchase_order_lines.c.purchase_order_id == purchase_orders.c.id)
    .where(purchase_orders.c.store_id == bindparam("store_id"), awaits)
    .group_by(purchase_order_lines.c.product_id)
    .subquery()
)
_AVAILABLE = stock.c.on_hand - stock.c.held
_ON_ORDER = sa.cast(sa.func.coalesce(_awaited.c.quantity, sa.literal_column("0")), sa.BigInteger)
SHORTS = (
    sa.select(
        stock.c.id,
        stock.c.product_id,
        _AVAILABLE,
        _ON_ORDER,
        stock.c.reorder_point,
        stock.c.maximum,
        stock.c.unit_cost,
    )
    .join_from(stock, _awaited, _awaited.c.product_id == stock.c.product_id, isouter=True)
    .where(_IN_STORE, stock.c.listed == 1, stock.c.reorder_point >= _AVAILABLE + _ON_ORDER)
    .order_by(stock.c.id)
    .limit(_LIMIT)
)
SOLD_SINCE = (
    sa.select(movements.c.stock_id, -sa.func.sum(movements.c.delta))
    .where(
        any_of(movements.c.stock_id, "stock_ids"),
        movements.c.id >= bindparam("first_id"),
        movements.c.order_id.is_not(None),
    )
    .group_by(movements.c.stock_id)
)
