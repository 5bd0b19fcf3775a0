"""Where the courier was."""

import msgspec
import sqlalchemy as sa

from shikanji.kit.db.statements import delete_oldest
from shikanji.kit.db.tx import Tx
from shikanji.services.order.tables import order_tracking

LAST_POINT = sa.select(sa.func.coalesce(sa.func.max(order_tracking.c.seq), 0)).where(
    order_tracking.c.order_id == sa.bindparam("order_id")
)
ADD_POINT = sa.insert(order_tracking)
DROP_POINTS = sa.delete(order_tracking).where(
    order_tracking.c.order_id == sa.bindparam("order_id"), order_tracking.c.seq <= sa.bindparam("last_dropped")
)
LIST_POINTS = (
    sa.select(
        order_tracking.c.seq,
        order_tracking.c.at,
        order_tracking.c.by,
        order_tracking.c.latitude_e6,
        order_tracking.c.longitude_e6,
    )
    .where(order_tracking.c.order_id == sa.bindparam("order_id"), order_tracking.c.seq < sa.bindparam("before"))
    .order_by(order_tracking.c.seq.desc())
    .limit(sa.bindparam("row_count"))
)
FORGET_POINTS = delete_oldest(order_tracking.c.order_id)
"""Of an order all at once."""
FIRST_SEQ_UNUSED = 2**62


class Point(msgspec.Struct, frozen=True):
    """Where the courier was; degrees in millionths."""

    seq: int
    at: int
    by: str
    latitude_e6: int
    longitude_e6: int


def add_point(tx: Tx, order_id: str, by: str, latitude_e6: int, longitude_e6: int, *, kept: int) -> Point:
    """Under the lock of the order's row. Keeps the last `kept` points."""
    seq = int(tx.run(LAST_POINT, order_id=order_id).scalar()) + 1
    point = Point(seq, tx.now, by, latitude_e6, longitude_e6)
    tx.run(ADD_POINT, order_id=order_id, **msgspec.structs.asdict(point))
    tx.run(DROP_POINTS, order_id=order_id, last_dropped=seq - kept)
    return point


def points_of(tx: Tx, order_id: str, *, before: int | None, limit: int) -> list[Point]:
    """Newest first."""
    asked = FIRST_SEQ_UNUSED if before is None else before
    return tx.run(LIST_POINTS, order_id=order_id, before=asked, row_count=limit).all(Point)


def forget_points(tx: Tx, before: str, limit: int) -> int:
    """Deletes those of the oldest orders, as far as they were placed before the first id of a time; says how many."""
    return tx.run(FORGET_POINTS, before=before, rows_max=limit).count
