"""Everybody's inbox."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from shikanji.kit.db.statements import any_of, delete_oldest, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.notification.model.messages import Notification
from shikanji.services.notification.tables import UNREAD, notification_logs, notifications

UNREAD_COUNTED_MAX = 100
READ_AT_ONCE_MAX = 500


def add(tx: Tx, new: Sequence[Notification]) -> Sequence[Notification]:
    """Those that are new: nobody is told twice under one key."""
    if tx.run_each(ADD, [msgspec.structs.asdict(each) for each in new]) == len(new):
        return new
    customers = {each.customer_id for each in new}
    there = {row[0] for row in tx.run(THERE, customer_ids=customers, ids=[each.id for each in new])}
    return [each for each in new if each.id in there]


def find(tx: Tx, customer_id: str, id: str) -> Notification | None:
    row = tx.run(FIND, customer_id=customer_id, id=id).first()
    return None if row is None else _notification(row)


def delivered(tx: Tx, delivery_ids: Collection[str]) -> dict[str, Notification]:
    """What these deliveries are of, by its id."""
    return {each.id: each for each in map(_notification, tx.run(DELIVERED, delivery_ids=delivery_ids))}


def newest(tx: Tx, customer_id: str, before: str | None, unread: bool, limit: int) -> list[Notification]:
    """What is shown, newest first."""
    statement = sa.select(*(_c[name] for name in _FIELDS)).where(_c.customer_id == customer_id, _c.shown == 1)
    if before is not None:
        statement = statement.where(_c.id < before)
    if unread:
        statement = statement.where(_c.read_at.is_(None))
    return [_notification(row) for row in tx.execute(statement.order_by(_c.id.desc()).limit(limit))]


def unread_count(tx: Tx, customer_id: str) -> int:
    """Up to UNREAD_COUNTED_MAX: who has more has many."""
    count: int = tx.run(COUNT_UNREAD, customer_id=customer_id).scalar()
    return count


def show(tx: Tx, customer_id: str, id: str) -> None:
    tx.run(SHOW, customer_id=customer_id, id=id)


def read(tx: Tx, customer_id: str, id: str) -> None:
    tx.run(READ, customer_id=customer_id, id=id, now=tx.now)


def read_all(tx: Tx, customer_id: str) -> int:
    """A batch of those that are unread; how many there were."""
    return tx.run(READ_ALL, customer_id=customer_id, now=tx.now).count


def forget(tx: Tx, before: str, limit: int) -> int:
    """Deletes the oldest, as far as they were made before the first id of a time; says how many."""
    return tx.run(FORGET, before=before, rows_max=limit).count


def _notification(row: tuple[Any, ...]) -> Notification:
    return Notification(**dict(zip(_FIELDS, row, strict=True)))


_c, _l = notifications.c, notification_logs.c
_FIELDS = Notification.__struct_fields__
_ONE = (_c.customer_id == sa.bindparam("customer_id"), _c.id == sa.bindparam("id"))
ADD = (
    upsert(notifications)
    .values({name: sa.bindparam(name) for name in _FIELDS})
    .on_conflict_do_nothing(index_elements=["customer_id", "key"])
)
THERE = sa.select(_c.id).where(any_of(_c.customer_id, "customer_ids"), any_of(_c.id, "ids"))
_FOUND = sa.select(*(_c[name] for name in _FIELDS))
FIND = _FOUND.where(*_ONE)
DELIVERED = _FOUND.where(_l.customer_id == _c.customer_id, _l.notification_id == _c.id, any_of(_l.id, "delivery_ids"))
FORGET = delete_oldest(_c.id)
SHOW = sa.update(notifications).where(*_ONE).values(shown=1)
READ = sa.update(notifications).where(*_ONE, UNREAD).values(read_at=sa.bindparam("now"))
_unread = sa.select(_c.id).where(_c.customer_id == sa.bindparam("customer_id"), UNREAD)
COUNT_UNREAD = sa.select(sa.func.count()).select_from(
    _unread.limit(sa.literal_column(str(UNREAD_COUNTED_MAX))).subquery()
)
READ_ALL = (
    sa.update(notifications)
    .where(
        _c.customer_id == sa.bindparam("customer_id"),
        _c.id.in_(_unread.limit(sa.literal_column(str(READ_AT_ONCE_MAX))).scalar_subquery()),
    )
    .values(read_at=sa.bindparam("now"))
)
