"""Deliveries: what is to be sent, and what became of it."""

from collections.abc import Collection, Sequence
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from shikanji.contracts.notification import MessageChannel
from shikanji.kit.db.retention import forget_aggregates
from shikanji.kit.db.statements import any_of, delete_oldest, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.notification.model.messages import Delivery
from shikanji.services.notification.tables import FAILED, SKIPPED, WAITING, notification_logs


def add(tx: Tx, new: Sequence[Delivery]) -> None:
    """Each once for (notification, channel)."""
    tx.run_each(ADD, [msgspec.structs.asdict(each) for each in new])


def claim(tx: Tx, channel: MessageChannel, until: int, limit: int) -> list[Delivery]:
    """Those that are due, for an attempt that may last `until`; whoever began one before and said nothing of it leaves
    an outcome that nobody knows."""
    rows = tx.run(CLAIM, channel=channel, now=tx.now, until=until, row_count=limit)
    return [_delivery(row) for row in rows]


def begin(tx: Tx, id: str, until: int, abandoned: int) -> Delivery | None:
    """The same for one, whenever it is due; None: it is over, or an attempt began after `abandoned`."""
    row = tx.run(BEGIN, id=id, now=tx.now, until=until, abandoned=abandoned).first()
    return None if row is None else _delivery(row)


def locked(tx: Tx, ids: Collection[str]) -> dict[str, Delivery]:
    return {row[0]: _delivery(row) for row in tx.run(LOCKED, ids=ids)}


def save(tx: Tx, changed: Sequence[Delivery]) -> None:
    tx.run_each(
        SAVE, [{"log_id": each.id, **{f"new_{name}": getattr(each, name) for name in _SAVED}} for each in changed]
    )


def find_once(tx: Tx, notification_id: str, channel: MessageChannel) -> Delivery | None:
    row = tx.run(FIND_ONCE, notification_id=notification_id, channel=channel).first()
    return None if row is None else _delivery(row)


def any_due(tx: Tx, channel: MessageChannel) -> bool:
    return tx.run(ANY_DUE, channel=channel, now=tx.now).first() is not None


def newest(
    tx: Tx, customer_id: str | None, state: Literal["waiting", "failed"] | None, before: str | None, limit: int
) -> list[Delivery]:
    """Of everybody or one, newest first; no filter but those that an index serves."""
    statement = sa.select(*(_c[name] for name in _FIELDS)).order_by(_c.id.desc()).limit(limit)
    if customer_id is not None:
        statement = statement.where(_c.customer_id == customer_id)
    if state is not None:
        statement = statement.where({"waiting": WAITING, "failed": FAILED}[state])
    if before is not None:
        statement = statement.where(_c.id < before)
    return [_delivery(row) for row in tx.execute(statement)]


def forget(tx: Tx, before: str, limit: int) -> int:
    """Deletes the oldest, as far as they were made before the first id of a time, and the counters of their events;
    says how many."""
    ids = [row[0] for row in tx.run(FORGET, before=before, rows_max=limit)]
    if ids:
        forget_aggregates(tx, ids)
    return len(ids)


def forget_skipped(tx: Tx, before: str, limit: int) -> int:
    """The same for those that were not sent, of which nothing was told."""
    return tx.run(FORGET_SKIPPED, before=before, rows_max=limit).count


def _delivery(row: tuple[Any, ...]) -> Delivery:
    return Delivery(**dict(zip(_FIELDS, row, strict=True)))


_c = notification_logs.c
_FIELDS = Delivery.__struct_fields__
_SAVED = (
    "state",
    "due_at",
    "asked_at",
    "recipient",
    "provider",
    "provider_id",
    "consent_at",
    "error",
    "ended_at",
)
ADD = (
    upsert(notification_logs)
    .values({name: sa.bindparam(name) for name in _FIELDS})
    .on_conflict_do_nothing(index_elements=["notification_id", "channel"])
)
_due = notification_logs.alias("due")
_DUE_IDS = (
    sa.select(_due.c.id)
    .where(
        sa.text("due.state = 'waiting'"),
        _due.c.channel == sa.bindparam("channel"),
        _due.c.due_at <= sa.bindparam("now"),
    )
    .order_by(_due.c.due_at)
    .limit(sa.bindparam("row_count", type_=sa.BigInteger))
    .with_for_update(skip_locked=True)
)
_begun: dict[str, Any] = {
    "due_at": sa.bindparam("until"),
    "attempts": _c.attempts + 1,
    "unknowns": _c.unknowns + sa.case((_c.asked_at.is_not(None), 1), else_=0),
    "asked_at": sa.bindparam("now"),
}
_RETURNED = [_c[name] for name in _FIELDS]
CLAIM = sa.update(notification_logs).where(_c.id.in_(_DUE_IDS.scalar_subquery())).values(_begun).returning(*_RETURNED)
BEGIN = (
    sa.update(notification_logs)
    .where(
        _c.id == sa.bindparam("id"), WAITING, sa.or_(_c.asked_at.is_(None), _c.asked_at <= sa.bindparam("abandoned"))
    )
    .values(_begun)
    .returning(*_RETURNED)
)
_FOUND = sa.select(*_RETURNED)
LOCKED = _FOUND.where(any_of(_c.id, "ids")).order_by(_c.id).with_for_update()
SAVE = (
    sa.update(notification_logs)
    .where(_c.id == sa.bindparam("log_id"))
    .values({name: sa.bindparam(f"new_{name}") for name in _SAVED})
)
FIND_ONCE = _FOUND.where(_c.notification_id == sa.bindparam("notification_id"), _c.channel == sa.bindparam("channel"))
FORGET = delete_oldest(_c.id).returning(_c.id)
FORGET_SKIPPED = delete_oldest(_c.id, SKIPPED)
ANY_DUE = (
    sa.select(_c.id).where(WAITING, _c.channel == sa.bindparam("channel"), _c.due_at <= sa.bindparam("now")).limit(1)
)
