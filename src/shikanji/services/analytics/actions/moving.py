"""Orders are moved to the days of their store's clock."""

from shikanji.kit.db.tx import Tx
from shikanji.services.analytics.actions import folding
from shikanji.services.analytics.actions.naming import MovedStore
from shikanji.services.analytics.repository import facts, rebuilds


def move_orders(tx: Tx, moved: MovedStore, limit: int) -> MovedStore | None:
    """So many more of a store's orders count on the days of its clock; None when all do."""
    rebuilds.share(tx)
    found = facts.orders_of_store(tx, moved.store_id, moved.after, limit)
    if not found:
        return None
    folding.refold_orders(tx, found)
    return MovedStore(store_id=moved.store_id, after=found[-1])
