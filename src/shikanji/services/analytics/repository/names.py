"""Stores and products, as far as events told of them."""

from collections.abc import Collection, Iterable

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.analytics.tables import products, stores


class Store(msgspec.Struct, frozen=True):
    """`version`: of the event that told the zone; 0: none did yet."""

    store_id: str
    name: str
    time_zone: str
    version: int


class Product(msgspec.Struct, frozen=True):
    product_id: str
    name: str
    category_id: str
    told_at: int


def stores_of(tx: Tx, store_ids: Collection[str]) -> dict[str, Store]:
    return {row[0]: Store(*row) for row in tx.run(STORES_OF, store_ids=sorted(store_ids))}


def all_stores(tx: Tx) -> list[Store]:
    return tx.run(ALL_STORES).all(Store)


def meet_store(tx: Tx, store_id: str, time_zone: str) -> None:
    """One that nothing was told of yet."""
    tx.run(MEET_STORE, store_id=store_id, name="", time_zone=time_zone, version=0)


def name_store(tx: Tx, store_id: str, name: str) -> None:
    tx.run(NAME_STORE, id=store_id, new_name=name)


def move_store(tx: Tx, store_id: str, time_zone: str, version: int) -> None:
    """Unless something newer was told."""
    tx.run(MOVE_STORE, id=store_id, zone=time_zone, new_version=version)


def products_of(tx: Tx, product_ids: Collection[str]) -> dict[str, Product]:
    return {row[0]: Product(*row) for row in tx.run(PRODUCTS_OF, product_ids=sorted(product_ids))}


def all_products(tx: Tx) -> list[Product]:
    return tx.run(ALL_PRODUCTS).all(Product)


def tell_products(tx: Tx, told: Iterable[Product]) -> None:
    """Unless something newer was told."""
    rows = [msgspec.structs.asdict(each) for each in sorted(told, key=lambda each: each.product_id)]
    tx.run_each(TELL_PRODUCT, rows)


STORES_OF = sa.select(*stores.c).where(any_of(stores.c.store_id, "store_ids"))
ALL_STORES = sa.select(*stores.c).order_by(stores.c.store_id)
MEET_STORE = upsert(stores).on_conflict_do_nothing()
NAME_STORE = sa.update(stores).values(name=bindparam("new_name")).where(stores.c.store_id == bindparam("id"))
MOVE_STORE = (
    sa.update(stores)
    .values(time_zone=bindparam("zone"), version=bindparam("new_version"))
    .where(stores.c.store_id == bindparam("id"), stores.c.version < bindparam("new_version"))
)
PRODUCTS_OF = sa.select(*products.c).where(any_of(products.c.product_id, "product_ids"))
ALL_PRODUCTS = sa.select(*products.c).order_by(products.c.product_id)
_TOLD = upsert(products)
TELL_PRODUCT = _TOLD.on_conflict_do_update(
    index_elements=[products.c.product_id],
    set_={
        "name": _TOLD.excluded.name,
        "category_id": _TOLD.excluded.category_id,
        "told_at": _TOLD.excluded.told_at,
    },
    where=sa.or_(
        products.c.told_at < _TOLD.excluded.told_at,
        sa.and_(products.c.told_at == _TOLD.excluded.told_at, products.c.name < _TOLD.excluded.name),
    ),
)
