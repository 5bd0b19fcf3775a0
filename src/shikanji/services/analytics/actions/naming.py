"""Stores with their zones, and the names of stores, categories and products."""

from collections.abc import Iterable, Mapping

import msgspec

from shikanji.contracts.inventory import CategoryUpdated, ProductCreated, ProductUpdated
from shikanji.contracts.order import OrderCreated
from shikanji.contracts.store import StoreCreated, StoreUpdated
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Event
from shikanji.services.analytics.repository import names
from shikanji.services.analytics.repository.names import Product, Store
from shikanji.services.analytics.settings import AnalyticsSettings

MOVE_ORDERS = "move-orders"


class MovedStore(msgspec.Struct, frozen=True, kw_only=True):
    """Payload of the job `move-orders`: its orders count on other days now; those up to `after` do."""

    store_id: str
    after: str = ""


def learn(tx: Tx, told: Iterable[tuple[Event, int, int]]) -> None:
    """Each with its time (µs) and its aggregate's version."""
    for event, at, version in told:
        match event:
            case StoreCreated() | StoreUpdated():
                _learn_store(tx, event.store_id, event.name, event.time_zone, version)
            case ProductCreated() | ProductUpdated():
                if event.name is not None and event.category_id is not None:
                    names.tell_products(tx, [Product(event.product_id, event.name, event.category_id, at)])
            case CategoryUpdated():
                names.name_category(tx, event.category_id, event.name, version)


def learn_products(tx: Tx, created: Iterable[tuple[OrderCreated, int]]) -> None:
    """A line names its product as it was called then. Almost always that is known: nothing is written then, and so
    the name may be older than it says."""
    told: dict[str, Product] = {}
    for event, at in created:
        for line in event.lines:
            product = Product(line.product_id, line.name, line.category_id, at)
            before = told.get(line.product_id)
            if before is None or (at, line.name) > (before.told_at, before.name):
                told[line.product_id] = product
    known = names.products_of(tx, told)
    names.tell_products(tx, [each for each in told.values() if _is_news(each, known)])


def meet(tx: Tx, store_ids: Iterable[str]) -> Mapping[str, Store]:
    """The stores, which keep their zones until the transaction is over: whoever moves one then moves its orders too. Of
    those that nothing is known of yet, the zone is the setting's."""
    wanted = {*store_ids}
    found = names.shared_stores(tx, wanted)
    if missing := wanted - found.keys():
        for store_id in sorted(missing):
            names.meet_store(tx, store_id, tx.settings(AnalyticsSettings).time_zone)
        found |= names.shared_stores(tx, missing)
    return found


def _learn_store(tx: Tx, store_id: str, name: str | None, time_zone: str | None, version: int) -> None:
    if name is None and time_zone is None:
        return
    known = meet(tx, [store_id])[store_id]
    if name is not None:
        names.name_store(tx, store_id, name, version)
    if time_zone is not None:
        _move(tx, known, time_zone, version)


def _move(tx: Tx, known: Store, time_zone: str, version: int) -> None:
    """Its orders count on the days of its clock: those that came before this was known are moved by a job."""
    if version > known.zone_version:
        names.move_store(tx, known.store_id, time_zone, version)
        if time_zone != known.time_zone:
            tx.schedule(MOVE_ORDERS, known.store_id, tx.now, MovedStore(store_id=known.store_id))


def _is_news(product: Product, known: Mapping[str, Product]) -> bool:
    before = known.get(product.product_id)
    return before is None or (
        product.told_at >= before.told_at and (product.name, product.category_id) != (before.name, before.category_id)
    )
