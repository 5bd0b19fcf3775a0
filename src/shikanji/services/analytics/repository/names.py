"""Stores, categories and products, as far as events told of them."""

from collections.abc import Collection, Iterable

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.analytics.tables import categories, products, stores


class Store(msgspec.Struct, frozen=True):
    """`zone_version`: of the event that told the zone; 0: none did yet."""

    store_id: str
    name: str
    time_zone: str
    zone_version: int


class Product(msgspec.Struct, frozen=True):
    product_id: str
    name: str
    category_id: str
    told_at: int


def stores_of(tx: Tx, store_ids: Collection[str]) -> dict[str, Store]:
    return {row[0]: Store(*row) for row in tx.run(STORES_OF, store_ids=sorted(store_ids))}


def shared_stores(tx: Tx, store_ids: Collection[str]) -> dict[str, Store]:
    """None of them moves to another zone before the transaction is over."""
    return {row[0]: Store(*row) for row in tx.run(SHARED_STORES, store_ids=sorted(store_ids))}


def all_stores(tx: Tx) -> list[Store]:
    return tx.run(ALL_STORES).all(Store)


def meet_store(tx: Tx, store_id: str, time_zone: str) -> None:
    """One that nothing was told of yet."""
    tx.run(MEET_STORE, store_id=store_id, name="", name_version=0, time_zone=time_zone, zone_version=0)


def name_store(tx: Tx, store_id: str, name: str, version: int) -> None:
    """Unless something newer was told."""
    tx.run(NAME_STORE, id=store_id, new_name=name, new_version=version)


def move_store(tx: Tx, store_id: str, time_zone: str, version: int) -> None:
    """Unless something newer was told."""
    tx.run(MOVE_STORE, id=store_id, zone=time_zone, new_version=version)


def name_category(tx: Tx, category_id: str, name: str, version: int) -> None:
    """Unless something newer was told."""
    tx.run(NAME_CATEGORY, category_id=category_id, name=name, version=version)


def category_names(tx: Tx) -> dict[str, str]:
    """By id."""
    return {row[0]: row[1] for row in tx.run(CATEGORY_NAMES)}


def products_of(tx: Tx, product_ids: Collection[str]) -> dict[str, Product]:
    return {row[0]: Product(*row) for row in tx.run(PRODUCTS_OF, product_ids=sorted(product_ids))}


def all_products(tx: Tx) -> list[Product]:
    return tx.run(ALL_PRODUCTS).all(Product)


def tell_products(tx: Tx, told: Iterable[Product]) -> None:
    """Unless something newer was told."""
    rows = [msgspec.structs.asdict(each) for each in sorted(told, key=lambda each: each.product_id)]
    tx.run_each(TELL_PRODUCT, rows)


_STORE = (stores.c.store_id, stores.c.name, stores.c.time_zone, stores.c.zone_version)
STORES_OF = sa.select(*_STORE).where(any_of(stores.c.store_id, "store_ids"))
SHARED_STORES = STORES_OF.order_by(stores.c.store_id).with_for_update(read=True)
ALL_STORES = sa.select(*_STORE).order_by(stores.c.store_id)
MEET_STORE = upsert(stores).on_conflict_do_nothing()
NAME_STORE = (
    sa.update(stores)
    .values(name=bindparam("new_name"), name_version=bindparam("new_version"))
    .where(stores.c.store_id == bindparam("id"), stores.c.name_version < bindparam("new_version"))
)
MOVE_STORE = (
    sa.update(stores)
    .values(time_zone=bindparam("zone"), zone_version=bindparam("new_version"))
    .where(stores.c.store_id == bindparam("id"), stores.c.zone_version < bindparam("new_version"))
)
_NAMED = upsert(categories)
NAME_CATEGORY = _NAMED.on_conflict_do_update(
    index_elements=[categories.c.category_id],
    set_={"name": _NAMED.excluded.name, "version": _NAMED.excluded.version},
    where=categories.c.version < _NAMED.excluded.version,
)
CATEGORY_NAMES = sa.select(categories.c.category_id, categories.c.name)
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
