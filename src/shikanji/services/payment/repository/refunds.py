"""What is given back, and of which lines."""

import sqlalchemy as sa

from shikanji.kit.db.statements import upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.payment.errors import RefundNotFound
from shikanji.services.payment.model.refund import Refund
from shikanji.services.payment.repository.columns import changes, columns, new_values
from shikanji.services.payment.tables import refunded_lines, refunds

REFUND_CHANGES = (
    "status",
    "unknown",
    "provider_refund_id",
    "failure",
    "attempts",
    "updated_at",
    "completed_at",
)

ADD_REFUND = sa.insert(refunds)
SAVE_REFUND = sa.update(refunds).where(refunds.c.id == sa.bindparam("refund_id")).values(**changes(*REFUND_CHANGES))
FIND_REFUND = sa.select(refunds).where(refunds.c.id == sa.bindparam("refund_id"))
FIND_REFUND_BY_KEY = sa.select(refunds).where(refunds.c.provider_key == sa.bindparam("provider_key"))
REFUNDS_OF = sa.select(refunds).where(refunds.c.payment_id == sa.bindparam("payment_id")).order_by(refunds.c.id.desc())
_more = upsert(refunded_lines).values(
    order_id=sa.bindparam("order_id"),
    line_id=sa.bindparam("line_id"),
    ordered=sa.bindparam("ordered"),
    refunded=sa.bindparam("more"),
)
TAKE_LINE = _more.on_conflict_do_update(
    index_elements=["order_id", "line_id"],
    set_={"refunded": refunded_lines.c.refunded + _more.excluded.refunded},
    where=refunded_lines.c.refunded + _more.excluded.refunded <= refunded_lines.c.ordered,
).returning(refunded_lines.c.refunded)


def add_refund(tx: Tx, refund: Refund) -> None:
    tx.run(ADD_REFUND, **columns(refund))


def save_refund(tx: Tx, refund: Refund) -> None:
    tx.run(SAVE_REFUND, refund_id=refund.id, **new_values(refund, REFUND_CHANGES))


def find_refund(tx: Tx, refund_id: str) -> Refund:
    refund = tx.run(FIND_REFUND, refund_id=refund_id).one(Refund)
    if refund is None:
        raise RefundNotFound
    return refund


def find_refund_by_key(tx: Tx, provider_key: str) -> Refund | None:
    return tx.run(FIND_REFUND_BY_KEY, provider_key=provider_key).one(Refund)


def refunds_of(tx: Tx, payment_id: str) -> list[Refund]:
    """Newest first."""
    return tx.run(REFUNDS_OF, payment_id=payment_id).all(Refund)


def take_line(tx: Tx, order_id: str, line_id: str, ordered: int, quantity: int) -> int | None:
    """Counts pieces of a line as refunded; says how many are then, or None when so many are not left."""
    taken: int | None = tx.run(TAKE_LINE, order_id=order_id, line_id=line_id, ordered=ordered, more=quantity).scalar()
    return taken
