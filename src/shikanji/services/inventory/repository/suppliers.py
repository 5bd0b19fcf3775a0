"""Suppliers and what they supply."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.inventory.model.reorder import Source
from shikanji.services.inventory.model.supplier import Supplied, Supplier
from shikanji.services.inventory.tables import purchase_orders, supplier_products, suppliers


def find(tx: Tx, id: str) -> Supplier | None:
    row = tx.run(FIND, id=id).first()
    return None if row is None else _supplier(tx, row)


def shared(tx: Tx, id: str) -> Supplier | None:
    """The row, which nobody changes or removes until this transaction ends."""
    row = tx.run(SHARED, id=id).first()
    return None if row is None else _supplier(tx, row)


def locked(tx: Tx, id: str) -> Supplier | None:
    """The row, and nobody else's until this transaction ends."""
    row = tx.run(LOCKED, id=id).first()
    return None if row is None else _supplier(tx, row)


def listed(
    tx: Tx, after: tuple[str, str] | None, limit: int, active: bool | None, product_id: str | None
) -> list[Supplier]:
    """By name and id, those after `after`."""
    statement = sa.select(*suppliers.c).order_by(suppliers.c.name, suppliers.c.id).limit(limit)
    if after is not None:
        statement = statement.where(sa.tuple_(suppliers.c.name, suppliers.c.id) > sa.tuple_(*map(sa.literal, after)))
    if active is not None:
        statement = statement.where(suppliers.c.active == int(active))
    if product_id is not None:
        supply = sa.select(supplier_products.c.supplier_id).where(supplier_products.c.product_id == product_id)
        statement = statement.where(suppliers.c.id.in_(supply))
    return [_supplier(tx, row) for row in tx.execute(statement)]


def add(tx: Tx, supplier: Supplier) -> bool:
    """False where another has this GSTIN."""
    if not tx.run(ADD, **_columns(supplier)).count:
        return False
    _add_products(tx, supplier)
    return True


def save(tx: Tx, supplier: Supplier) -> None:
    """The caller has the row locked. Raises ConstraintViolated where another has this GSTIN."""
    columns = _columns(supplier)
    tx.run(SAVE, id=columns.pop("id"), **{f"new_{name}": value for name, value in columns.items()})
    tx.run(CLEAR_PRODUCTS, supplier_id=supplier.id)
    _add_products(tx, supplier)


def delete(tx: Tx, id: str) -> None:
    tx.run(CLEAR_PRODUCTS, supplier_id=id)
    tx.run(DELETE, id=id)


def in_use(tx: Tx, id: str) -> bool:
    return tx.run(ORDERED_FROM, supplier_id=id).first() is not None


def sources(tx: Tx, product_ids: Sequence[str]) -> list[Source]:
    """Who supplies each of these now, the cheapest first, then the fastest."""
    return tx.run(SOURCES, product_ids=product_ids).all(Source)


def _supplier(tx: Tx, row: tuple[object, ...]) -> Supplier:
    fields: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    supplied = tuple(Supplied(product_id=each[0], unit_cost=each[1]) for each in tx.run(PRODUCTS, supplier_id=row[0]))
    return Supplier(**(fields | {"active": bool(fields["active"]), "products": supplied}))


def _columns(supplier: Supplier) -> dict[str, object]:
    return {name: getattr(supplier, name) for name in _NAMES} | {"active": int(supplier.active)}


def _add_products(tx: Tx, supplier: Supplier) -> None:
    rows = [
        {"supplier_id": supplier.id, "product_id": each.product_id, "unit_cost": each.unit_cost}
        for each in supplier.products
    ]
    if rows:
        tx.run_each(ADD_PRODUCT, rows)


_NAMES = tuple(column.name for column in suppliers.c)
_ID = suppliers.c.id == bindparam("id")
_OF_SUPPLIER = supplier_products.c.supplier_id == bindparam("supplier_id")

FIND = sa.select(*suppliers.c).where(_ID)
SHARED = FIND.with_for_update(read=True)
LOCKED = FIND.with_for_update()
ADD = upsert(suppliers).on_conflict_do_nothing()
SAVE = sa.update(suppliers).where(_ID).values({name: bindparam(f"new_{name}") for name in _NAMES if name != "id"})
DELETE = sa.delete(suppliers).where(_ID)
PRODUCTS = (
    sa.select(supplier_products.c.product_id, supplier_products.c.unit_cost)
    .where(_OF_SUPPLIER)
    .order_by(supplier_products.c.product_id)
)
CLEAR_PRODUCTS = sa.delete(supplier_products).where(_OF_SUPPLIER)
ADD_PRODUCT = sa.insert(supplier_products)
ORDERED_FROM = sa.select(purchase_orders.c.id).where(purchase_orders.c.supplier_id == bindparam("supplier_id")).limit(1)
SOURCES = (
    sa.select(
        supplier_products.c.product_id,
        suppliers.c.id,
        suppliers.c.name,
        suppliers.c.lead_days,
        supplier_products.c.unit_cost,
    )
    .join_from(supplier_products, suppliers, suppliers.c.id == supplier_products.c.supplier_id)
    .where(any_of(supplier_products.c.product_id, "product_ids"), suppliers.c.active == 1)
    .order_by(supplier_products.c.product_id, supplier_products.c.unit_cost, suppliers.c.lead_days, suppliers.c.id)
)
