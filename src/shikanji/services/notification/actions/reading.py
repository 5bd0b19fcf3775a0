"""Reading what one was told."""

import msgspec

from shikanji.kit.db.tx import Tx
from shikanji.services.notification.errors import NotificationNotFound
from shikanji.services.notification.model.messages import Notification
from shikanji.services.notification.model.orders import KnownOrder
from shikanji.services.notification.repository import choices, inbox, orders
from shikanji.services.notification.repository.choices import WrittenWords


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Some of an inbox, with what is ours of what it says."""

    notifications: list[Notification]
    orders: dict[str, KnownOrder]
    written: list[WrittenWords]


def inbox_page(tx: Tx, customer_id: str, before: str | None, unread: bool, limit: int) -> Shown:
    return _shown(tx, inbox.newest(tx, customer_id, before, unread, limit))


def mark_read(tx: Tx, customer_id: str, id: str) -> Shown:
    """Raises NotificationNotFound, also for what is another's or not shown."""
    inbox.read(tx, customer_id, id)
    found = inbox.find(tx, customer_id, id)
    if found is None or not found.shown:
        raise NotificationNotFound
    return _shown(tx, [found])


def _shown(tx: Tx, found: list[Notification]) -> Shown:
    about = {each.order_id for each in found if each.order_id is not None}
    return Shown(
        notifications=found,
        orders=orders.find_orders(tx, about) if about else {},
        written=choices.newest_words(tx),
    )
