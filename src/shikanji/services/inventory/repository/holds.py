"""Holds, by (order, attempt)."""

from collections.abc import Collection, Iterable

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.inventory.model.holds import NO_ANSWER, NO_LINES, Hold, State
from shikanji.services.inventory.tables import holds, is_open

Key = tuple[str, int]
"""Order and attempt."""


def find(tx: Tx, order_id: str, attempt: int) -> Hold | None:
    return tx.run(FIND, order_id=order_id, attempt=attempt).one(Hold)


def locked(tx: Tx, order_id: str, attempt: int) -> Hold | None:
    """The row, and nobody else's until this transaction ends."""
    return tx.run(LOCKED, order_id=order_id, attempt=attempt).one(Hold)


def locked_until(tx: Tx, order_id: str, attempt: int) -> list[Hold]:
    """All of the order's up to this attempt."""
    return tx.run(LOCKED_UNTIL, order_id=order_id, attempt=attempt).all(Hold)


def locked_last(tx: Tx, order_id: str) -> Hold | None:
    """The one under the order's newest attempt."""
    return tx.run(LOCKED_LAST, order_id=order_id).one(Hold)


def open_of_customer(tx: Tx, customer_id: str) -> int:
    count: int = tx.run(OPEN_OF_CUSTOMER, customer_id=customer_id).scalar()
    return count


def open_in_store(tx: Tx, store_id: str) -> list[Hold]:
    """The youngest first, locked. Breaking is rare and few holds are open at a time: no index for it."""
    return tx.run(OPEN_IN_STORE, store_id=store_id).all(Hold)


def lapsed(tx: Tx, limit: int) -> list[Hold]:
    """Untied holds whose time is over, the longest first."""
    return tx.run(LAPSED, now=tx.now, limit=limit).all(Hold)


def add(tx: Tx, hold: Hold) -> bool:
    """False where there is one under (order, attempt) already."""
    return tx.run(ADD, **msgspec.structs.asdict(hold)).count == 1


def tie(tx: Tx, order_id: str, attempt: int) -> bool:
    """Whether it was active."""
    return tx.run(TIE, order_id=order_id, attempt=attempt).count == 1


def tie_each(tx: Tx, keys: Iterable[Key]) -> int:
    """How many of them were active."""
    return tx.run_each(TIE, [{"order_id": order_id, "attempt": attempt} for order_id, attempt in sorted(keys)])


def sell_open(tx: Tx, keys: Collection[Key]) -> dict[Key, bytes]:
    """Those of them that were open are sold now; their lines."""
    rows = tx.run(OPEN_OF_ORDERS, order_ids={order_id for order_id, _ in keys})
    found = {(order_id, attempt): lines for order_id, attempt, lines in rows if (order_id, attempt) in keys}
    # Not by RETURNING: on SQLite it costs more than this.
    sold = tx.run_each(SELL, [{"order_id": order_id, "attempt": attempt, "now": tx.now} for order_id, attempt in found])
    if sold != len(found):
        raise LookupError(f"of the holds of {[order_id for order_id, _ in found]} not all were open still")
    return found


def release(tx: Tx, order_id: str, attempt: int) -> bytes | None:
    """The lines of a hold that was active and is released now; None where it was not active."""
    lines: bytes | None = tx.run(RELEASE, order_id=order_id, attempt=attempt, now=tx.now).scalar()
    return lines


def end(tx: Tx, hold: Hold, state: State) -> None:
    tx.run(END, order_id=hold.order_id, attempt=hold.attempt, new_state=state, now=tx.now)


def retake(tx: Tx, hold: Hold, state: State, store_id: str, lines: bytes) -> None:
    """It stands again, with these lines."""
    tx.run(
        RETAKE,
        order_id=hold.order_id,
        attempt=hold.attempt,
        new_state=state,
        new_store_id=store_id,
        new_lines=lines,
        new_ended_at=tx.now if state == "sold" else None,
    )


def postpone(tx: Tx, order_id: str, attempt: int, until: int) -> None:
    tx.run(POSTPONE, order_id=order_id, attempt=attempt, until=until)


def lines_of_order(tx: Tx, order_id: str) -> tuple[str | None, bytes] | None:
    """Store and lines under any attempt of the order that has lines."""
    row = tx.run(LINES_OF_ORDER, order_id=order_id).first()
    return None if row is None else (row[0], row[1])


_KEY = sa.and_(holds.c.order_id == bindparam("order_id"), holds.c.attempt == bindparam("attempt"))
_ACTIVE = sa.text("state = 'active'")

FIND = sa.select(*holds.c).where(_KEY)
LOCKED = FIND.with_for_update()
LOCKED_UNTIL = (
    sa.select(*holds.c)
    .where(holds.c.order_id == bindparam("order_id"), holds.c.attempt <= bindparam("attempt"))
    .order_by(holds.c.attempt)
    .with_for_update()
)
LOCKED_LAST = (
    sa.select(*holds.c)
    .where(holds.c.order_id == bindparam("order_id"))
    .order_by(holds.c.attempt.desc())
    .limit(1)
    .with_for_update()
)
OPEN_OF_CUSTOMER = (
    sa.select(sa.func.count()).select_from(holds).where(holds.c.customer_id == bindparam("customer_id"), is_open)
)
OPEN_IN_STORE = (
    sa.select(*holds.c)
    .where(holds.c.store_id == bindparam("store_id"), is_open)
    .order_by(holds.c.held_at.desc(), holds.c.order_id.desc(), holds.c.attempt.desc())
    .with_for_update()
)
LAPSED = (
    sa.select(*holds.c)
    .where(is_open, _ACTIVE, holds.c.expires_at <= bindparam("now"))
    .order_by(holds.c.expires_at)
    .limit(bindparam("limit", type_=sa.BigInteger))
)
ADD = upsert(holds).on_conflict_do_nothing()
TIE = sa.update(holds).where(_KEY, _ACTIVE).values(state="tied")
_ENDED = {"ended_at": bindparam("now"), "answer": sa.literal(NO_ANSWER, sa.LargeBinary)}
SELL = sa.update(holds).where(_KEY, is_open).values(state="sold", **_ENDED)
OPEN_OF_ORDERS = (
    sa.select(holds.c.order_id, holds.c.attempt, holds.c.lines)
    .where(any_of(holds.c.order_id, "order_ids"), is_open)
    .order_by(holds.c.order_id, holds.c.attempt)
    .with_for_update()
)
RELEASE = sa.update(holds).where(_KEY, _ACTIVE).values(state="released", **_ENDED).returning(holds.c.lines)
END = sa.update(holds).where(_KEY).values(state=bindparam("new_state"), **_ENDED)
RETAKE = (
    sa.update(holds)
    .where(_KEY)
    .values(
        state=bindparam("new_state"),
        store_id=bindparam("new_store_id"),
        lines=bindparam("new_lines"),
        ended_at=bindparam("new_ended_at"),
    )
)
POSTPONE = sa.update(holds).where(_KEY, _ACTIVE).values(expires_at=bindparam("until"))
LINES_OF_ORDER = (
    sa.select(holds.c.store_id, holds.c.lines)
    .where(holds.c.order_id == bindparam("order_id"), holds.c.lines != sa.literal(NO_LINES, sa.LargeBinary))
    .order_by(holds.c.attempt)
    .limit(1)
)
