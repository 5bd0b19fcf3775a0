"""What orders earn and hold."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.loyalty.model.earning import Earning
from shikanji.services.loyalty.model.holds import Hold
from shikanji.services.loyalty.tables import UNTIED, benefit_holds, earning_refunds, earnings


def locked_earning(tx: Tx, order_id: str) -> Earning | None:
    row = tx.run(LOCKED_EARNING, order_id=order_id).first()
    return None if row is None else Earning(**dict(zip(_EARNING, row, strict=True)))


def known_earnings(tx: Tx, order_ids: Collection[str]) -> set[str]:
    """Those of the orders of which something was heard."""
    return {row[0] for row in tx.run(KNOWN_EARNINGS, order_ids=order_ids)}


def add_earnings(tx: Tx, earnings: Sequence[Earning]) -> None:
    """Raises LookupError where another was faster with one of them."""
    if tx.run_each(ADD_EARNING, [msgspec.structs.asdict(earning) for earning in earnings]) != len(earnings):
        raise LookupError("of one of these orders something was heard at this very moment")


def add_earning(tx: Tx, earning: Earning) -> bool:
    """False where another was faster."""
    return tx.run(ADD_EARNING, **msgspec.structs.asdict(earning)).count == 1


def save_earning(tx: Tx, earning: Earning) -> None:
    given = msgspec.structs.asdict(earning)
    tx.run(SAVE_EARNING, saved_order_id=earning.order_id, **{f"new_{name}": given[name] for name in _CHANGES})


def add_refund(tx: Tx, refund_id: str, order_id: str, amount: int) -> bool:
    """Whether it was not counted before."""
    return tx.run(ADD_REFUND, refund_id=refund_id, order_id=order_id, amount=amount).count == 1


def add_hold(tx: Tx, hold: Hold) -> bool:
    """False where there is one under (order, attempt) already."""
    return tx.run(ADD_HOLD, **msgspec.structs.asdict(hold)).count == 1


def save_hold(tx: Tx, hold: Hold) -> None:
    tx.run(
        SAVE_HOLD,
        order_id=hold.order_id,
        attempt=hold.attempt,
        new_state=hold.state,
        new_returned=hold.returned,
        new_slices=hold.slices,
        new_answer=hold.answer,
        new_ended_at=hold.ended_at,
    )


def find_hold(tx: Tx, order_id: str, attempt: int) -> Hold | None:
    row = tx.run(FIND_HOLD, order_id=order_id, attempt=attempt).first()
    return None if row is None else _hold(row)


def locked_holds(tx: Tx, order_id: str) -> list[Hold]:
    """Under all attempts of the order, the first of them first."""
    return [_hold(row) for row in tx.run(LOCKED_HOLDS, order_id=order_id)]


def tie_hold(tx: Tx, order_id: str, attempt: int) -> bool:
    return tx.run(TIE, order_id=order_id, attempt=attempt).count == 1


def postpone_hold(tx: Tx, order_id: str, attempt: int, until: int) -> None:
    tx.run(POSTPONE, order_id=order_id, attempt=attempt, until=until)


def lapsed_holds(tx: Tx, limit: int) -> list[Hold]:
    """Untied holds whose time is over, the longest first."""
    return [_hold(row) for row in tx.run(LAPSED, now=tx.now, row_count=limit)]


def _hold(row: tuple[Any, ...]) -> Hold:
    return Hold(**dict(zip(_HOLD, row, strict=True)))


_EARNING = tuple(column.name for column in earnings.columns)
_HOLD = tuple(column.name for column in benefit_holds.columns)
_CHANGES = tuple(name for name in _EARNING if name not in ("order_id", "customer_id", "seen_at"))
_KEY = sa.and_(benefit_holds.c.order_id == bindparam("order_id"), benefit_holds.c.attempt == bindparam("attempt"))

LOCKED_EARNING = sa.select(*earnings.c).where(earnings.c.order_id == bindparam("order_id")).with_for_update()
KNOWN_EARNINGS = sa.select(earnings.c.order_id).where(any_of(earnings.c.order_id, "order_ids"))
ADD_EARNING = upsert(earnings).on_conflict_do_nothing()
SAVE_EARNING = (
    sa.update(earnings)
    .where(earnings.c.order_id == bindparam("saved_order_id"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGES})
)
ADD_REFUND = upsert(earning_refunds).on_conflict_do_nothing()
ADD_HOLD = upsert(benefit_holds).on_conflict_do_nothing()
SAVE_HOLD = (
    sa.update(benefit_holds)
    .where(_KEY)
    .values(
        state=bindparam("new_state"),
        returned=bindparam("new_returned"),
        slices=bindparam("new_slices"),
        answer=bindparam("new_answer"),
        ended_at=bindparam("new_ended_at"),
    )
)
FIND_HOLD = sa.select(*benefit_holds.c).where(_KEY)
LOCKED_HOLDS = (
    sa.select(*benefit_holds.c)
    .where(benefit_holds.c.order_id == bindparam("order_id"))
    .order_by(benefit_holds.c.attempt)
    .with_for_update()
)
TIE = sa.update(benefit_holds).where(_KEY, UNTIED).values(state="tied")
POSTPONE = sa.update(benefit_holds).where(_KEY, UNTIED).values(expires_at=bindparam("until"))
LAPSED = (
    sa.select(*benefit_holds.c)
    .where(UNTIED, benefit_holds.c.expires_at <= bindparam("now"))
    .order_by(benefit_holds.c.expires_at)
    .limit(bindparam("row_count", type_=sa.BigInteger))
)
