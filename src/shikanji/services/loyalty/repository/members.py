"""Members: their accounts, lots and transactions, and their tiers."""

from base64 import b32encode
from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.contracts.loyalty import Tier
from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.loyalty.model.ledger import Account, Kind, Ledger, Lot
from shikanji.services.loyalty.tables import ABOVE_BRONZE, LEFT, lots, loyalty_transactions, members, tier_history

NUMBER_UNUSED = 2**62
CODE_LENGTH = 10
NOBODY: Mapping[str, int] = MappingProxyType({})


class Member(msgspec.Struct, kw_only=True):
    """The columns of its row."""

    customer_id: str
    pending: int
    available: int
    held: int
    debt: int
    number: int
    tier: Tier
    tier_since: int
    tier_checked_at: int
    ordered: int
    referral_code: str

    def ledger(self, lots: Sequence[Lot] = ()) -> Ledger:
        return Ledger(
            customer_id=self.customer_id,
            pending=self.pending,
            available=self.available,
            held=self.held,
            debt=self.debt,
            number=self.number,
            lots=list(lots),
        )


class Transaction(msgspec.Struct, frozen=True):
    """The columns of its row."""

    customer_id: str
    number: int
    kind: Kind
    source: Account
    target: Account
    points: int
    balance: int
    order_id: str | None
    key: str | None
    reason: str
    by: str
    at: int


class TierChange(msgspec.Struct, frozen=True):
    customer_id: str
    id: str
    old: Tier
    new: Tier
    earned: int
    reason: str
    at: int


def find(tx: Tx, customer_id: str) -> Member | None:
    row = tx.run(FIND, customer_id=customer_id).first()
    return None if row is None else _member(row)


def nobody(tx: Tx, customer_id: str) -> Member:
    """One of whom nothing was heard yet: has nothing."""
    return Member(
        customer_id=customer_id,
        pending=0,
        available=0,
        held=0,
        debt=0,
        number=0,
        tier="bronze",
        tier_since=tx.now,
        tier_checked_at=tx.now,
        ordered=0,
        referral_code=referral_code(tx, customer_id),
    )


def locked(tx: Tx, customer_id: str) -> Member:
    """The member, made where there was none; nobody else's until this transaction ends."""
    row = tx.run(LOCKED, customer_id=customer_id).first()
    if row is None:
        enrol(tx, customer_id)
        row = tx.run(LOCKED, customer_id=customer_id).first()
        assert row is not None
    return _member(row)


def locked_all(tx: Tx, customer_ids: Collection[str]) -> dict[str, Member]:
    """The same for several, in the order of their ids."""
    found = {row[0]: _member(row) for row in tx.run(LOCKED_ALL, customer_ids=customer_ids)}
    return found | {each: locked(tx, each) for each in sorted(customer_ids) if each not in found}


def enrol(tx: Tx, customer_id: str) -> None:
    """Nothing to one who is a member already."""
    tx.run(ENROL, **msgspec.structs.asdict(nobody(tx, customer_id)))


def referral_code(tx: Tx, customer_id: str) -> str:
    """The same for the same member always, and nobody's id can be read from it."""
    digest = blake2b(customer_id.encode(), key=tx.secret("referral-codes"), digest_size=10).digest()
    return f"F-{b32encode(digest).decode()[:CODE_LENGTH]}"


def find_by_code(tx: Tx, code: str) -> Member | None:
    row = tx.run(FIND_BY_CODE, code=code).first()
    return None if row is None else _member(row)


def count_order(tx: Tx, customer_id: str) -> None:
    tx.run(COUNT_ORDER, customer_id=customer_id)


def save(tx: Tx, *ledgers: Ledger, ordered: Mapping[str, int] = NOBODY) -> None:
    """What happened to them since they were loaded, under the locks of the members' rows; `ordered`: how many orders
    more are counted, by customer."""
    changed = [each for each in ledgers if each.posted or each.customer_id in ordered]
    if tx.run_each(SAVE, [_changes(each, ordered.get(each.customer_id, 0)) for each in changed]) != len(changed):
        raise RuntimeError(f"points of {[each.customer_id for each in changed]} moved while their rows were locked")
    tx.run_each(
        ADD_TRANSACTION, [_transaction_row(tx, each.customer_id, posted) for each in changed for posted in each.posted]
    )
    tx.run_each(ADD_LOT, [_lot_row(lot) for each in changed for lot in each.added])
    added = {lot.id for each in changed for lot in each.added}
    touched = [lot for each in changed for lot in each.touched.values()]
    tx.run_each(SAVE_LOT, [_lot_changes(lot) for lot in touched if lot.id not in added])


def open_lots(tx: Tx, customer_id: str) -> list[Lot]:
    """Those that have something left."""
    return [_lot(row) for row in tx.run(OPEN_LOTS, customer_id=customer_id)]


def lots_with(tx: Tx, customer_id: str, lot_ids: Sequence[str], order_id: str | None = None) -> list[Lot]:
    """Those that have something left, those named, and those of the order."""
    found = {lot.id: lot for lot in open_lots(tx, customer_id)}
    if lot_ids:
        found |= {row[0]: _lot(row) for row in tx.run(LOTS_NAMED, lot_ids=list(lot_ids)) if row[0] not in found}
    if order_id is not None:
        rows = tx.run(LOTS_OF_ORDER, order_id=order_id, customer_id=customer_id)
        found |= {row[0]: _lot(row) for row in rows if row[0] not in found}
    return list(found.values())


def members_with_ended_lots(tx: Tx, at: int, limit: int) -> list[str]:
    rows = tx.run(ENDED_LOTS, at=at, row_count=limit)
    return sorted({customer_id for (customer_id,) in rows})


def earned_since(tx: Tx, customer_id: str, since: int) -> int:
    """Points that count towards the tier."""
    return int(tx.run(EARNED_SINCE, customer_id=customer_id, since=since).scalar() or 0)


def set_tier(tx: Tx, member: Member, new: Tier, earned: int, reason: str) -> None:
    tx.run(SET_TIER, customer_id=member.customer_id, new_tier=new, now=tx.now)
    tx.run(
        ADD_TIER_CHANGE,
        customer_id=member.customer_id,
        id=tx.new_id(),
        old=member.tier,
        new=new,
        earned=earned,
        reason=reason,
        at=tx.now,
    )


def note_tier_check(tx: Tx, customer_id: str) -> None:
    tx.run(NOTE_TIER_CHECK, customer_id=customer_id, now=tx.now)


def above_bronze(tx: Tx, checked_before: int, limit: int) -> list[str]:
    rows = tx.run(ABOVE, checked_before=checked_before, row_count=limit)
    return [customer_id for (customer_id,) in rows]


def tier_changes(tx: Tx, customer_id: str, before: str | None, limit: int) -> list[TierChange]:
    """Newest first."""
    return tx.run(TIER_CHANGES, customer_id=customer_id, before=before or "g", row_count=limit).all(TierChange)


def transactions_of(tx: Tx, customer_id: str, before: int | None, limit: int) -> list[Transaction]:
    """Newest first."""
    asked = NUMBER_UNUSED if before is None else before
    return tx.run(TRANSACTIONS, customer_id=customer_id, before=asked, row_count=limit).all(Transaction)


def has_key(tx: Tx, key: str) -> bool:
    return tx.run(FIND_KEY, key=key).first() is not None


def _member(row: tuple[Any, ...]) -> Member:
    return Member(**dict(zip(_MEMBER, row, strict=True)))


def _lot(row: tuple[Any, ...]) -> Lot:
    given = dict(zip(_LOT, row, strict=True))
    return Lot(**(given | {"counts": bool(given["counts"])}))


def _changes(ledger: Ledger, more_ordered: int) -> dict[str, Any]:
    return {
        "customer_id": ledger.customer_id,
        "loaded_number": ledger.number - len(ledger.posted),
        "new_pending": ledger.pending,
        "new_available": ledger.available,
        "new_held": ledger.held,
        "new_debt": ledger.debt,
        "new_number": ledger.number,
        "more_ordered": more_ordered,
    }


def _lot_row(lot: Lot) -> dict[str, Any]:
    return msgspec.structs.asdict(lot) | {"counts": int(lot.counts)}


def _lot_changes(lot: Lot) -> dict[str, Any]:
    return {
        "lot_id": lot.id,
        "new_consumed": lot.consumed,
        "new_expired": lot.expired,
        "new_reversed": lot.reversed,
    }


def _transaction_row(tx: Tx, customer_id: str, transfer: Any) -> dict[str, Any]:
    cause = transfer.cause
    return {
        "customer_id": customer_id,
        "number": transfer.number,
        "kind": cause.kind,
        "source": transfer.source,
        "target": transfer.target,
        "points": transfer.points,
        "balance": transfer.balance,
        "order_id": cause.order_id,
        "key": cause.key,
        "reason": cause.reason,
        "by": cause.by,
        "at": tx.now,
    }


_MEMBER = tuple(column.name for column in members.columns)
_LOT = tuple(column.name for column in lots.columns)
_IS = members.c.customer_id == bindparam("customer_id")
_COUNT = bindparam("row_count", type_=sa.BigInteger)

FIND = sa.select(*members.c).where(_IS)
LOCKED = FIND.with_for_update()
LOCKED_ALL = (
    sa.select(*members.c)
    .where(any_of(members.c.customer_id, "customer_ids"))
    .order_by(members.c.customer_id)
    .with_for_update()
)
FIND_BY_CODE = sa.select(*members.c).where(members.c.referral_code == bindparam("code"))
ENROL = upsert(members).on_conflict_do_nothing()
COUNT_ORDER = sa.update(members).where(_IS).values(ordered=members.c.ordered + 1)
SAVE = (
    sa.update(members)
    .where(_IS, members.c.number == bindparam("loaded_number"))
    .values(
        pending=bindparam("new_pending"),
        available=bindparam("new_available"),
        held=bindparam("new_held"),
        debt=bindparam("new_debt"),
        number=bindparam("new_number"),
        ordered=members.c.ordered + bindparam("more_ordered"),
    )
)
ADD_TRANSACTION = sa.insert(loyalty_transactions)
ADD_LOT = sa.insert(lots)
SAVE_LOT = (
    sa.update(lots)
    .where(lots.c.id == bindparam("lot_id"))
    .values(consumed=bindparam("new_consumed"), expired=bindparam("new_expired"), reversed=bindparam("new_reversed"))
)
OPEN_LOTS = sa.select(*lots.c).where(lots.c.customer_id == bindparam("customer_id"), LEFT)
LOTS_NAMED = sa.select(*lots.c).where(any_of(lots.c.id, "lot_ids"))
LOTS_OF_ORDER = sa.select(*lots.c).where(
    lots.c.order_id == bindparam("order_id"), lots.c.customer_id == bindparam("customer_id")
)
ENDED_LOTS = (
    sa.select(lots.c.customer_id)
    .where(LEFT, lots.c.expires_at <= bindparam("at"))
    .order_by(lots.c.expires_at)
    .limit(_COUNT)
)
EARNED_SINCE = sa.select(sa.cast(sa.func.sum(lots.c.granted - lots.c.reversed), sa.BigInteger)).where(
    lots.c.customer_id == bindparam("customer_id"), lots.c.granted_at > bindparam("since"), sa.text("counts = 1")
)
SET_TIER = (
    sa.update(members)
    .where(_IS)
    .values(tier=bindparam("new_tier"), tier_since=bindparam("now"), tier_checked_at=bindparam("now"))
)
NOTE_TIER_CHECK = sa.update(members).where(_IS).values(tier_checked_at=bindparam("now"))
ADD_TIER_CHANGE = sa.insert(tier_history)
ABOVE = (
    sa.select(members.c.customer_id)
    .where(ABOVE_BRONZE, members.c.tier_checked_at < bindparam("checked_before"))
    .order_by(members.c.tier_checked_at)
    .limit(_COUNT)
)
TIER_CHANGES = (
    sa.select(*tier_history.c)
    .where(tier_history.c.customer_id == bindparam("customer_id"), tier_history.c.id < bindparam("before"))
    .order_by(tier_history.c.id.desc())
    .limit(_COUNT)
)
TRANSACTIONS = (
    sa.select(*loyalty_transactions.c)
    .where(
        loyalty_transactions.c.customer_id == bindparam("customer_id"),
        loyalty_transactions.c.number < bindparam("before"),
    )
    .order_by(loyalty_transactions.c.number.desc())
    .limit(_COUNT)
)
FIND_KEY = sa.select(loyalty_transactions.c.number).where(
    loyalty_transactions.c.key == bindparam("key"), sa.text("key IS NOT NULL")
)
