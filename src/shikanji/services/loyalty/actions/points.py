"""Points that come and go by other ways than an order, and the tiers that follow from them."""

from collections.abc import Sequence

import msgspec

from shikanji.contracts.loyalty import EarnedFor, PointsEarned, PointsRedeemed, TierUpgraded
from shikanji.kit.db.tx import Tx
from shikanji.services.loyalty.model.ledger import Cause, Kind, Ledger, Lot
from shikanji.services.loyalty.model.tiers import TierRule, is_above, months_later, tier_for
from shikanji.services.loyalty.repository import members
from shikanji.services.loyalty.repository.members import Member
from shikanji.services.loyalty.settings import LoyaltySettings

YEAR_MONTHS = 12


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a member stands now; `expired` lots are not counted, swept or not. `earned`: in twelve months."""

    member: Member
    available: int
    earned: int
    lots: list[Lot]


def standing_of(tx: Tx, customer_id: str) -> Standing:
    member = members.find(tx, customer_id) or members.nobody(tx, customer_id)
    lots = [lot for lot in members.open_lots(tx, customer_id) if lot.expires_at > tx.now]
    return Standing(
        member=member,
        available=sum(lot.remaining for lot in lots),
        earned=members.earned_since(tx, customer_id, _a_year_ago(tx)),
        lots=sorted(lots, key=lambda lot: lot.expires_at),
    )


def enrol(tx: Tx, customer_id: str) -> None:
    members.enrol(tx, customer_id)


def earn_points(tx: Tx, customer_id: str, points: int, reason: str, by: str, key: str | None = None) -> Standing:
    """By hand: they count towards the tier, as those of an order do. Once for `key`, where there is one."""
    member, ledger = _loaded(tx, customer_id)
    if key is not None and members.has_key(tx, key):
        return standing_of(tx, customer_id)
    grant(tx, ledger, points, Cause(kind="earn", key=key, reason=reason, by=by), "manual", counts=True)
    members.save(tx, ledger)
    review_tier(tx, member)
    return standing_of(tx, customer_id)


def redeem_points(tx: Tx, customer_id: str, points: int, reason: str, by: str, key: str | None = None) -> Standing:
    """By hand. Raises InsufficientPoints. Once for `key`, where there is one."""
    _, ledger = _loaded(tx, customer_id)
    if key is not None and members.has_key(tx, key):
        return standing_of(tx, customer_id)
    ledger.spend_at_once(points, tx.now, Cause(kind="redeem", key=key, reason=reason, by=by))
    members.save(tx, ledger)
    tx.record(PointsRedeemed(customer_id=customer_id, points=points, balance=ledger.available))
    return standing_of(tx, customer_id)


def adjust_points(tx: Tx, customer_id: str, points: int, reason: str, by: str) -> Standing:
    """More or fewer. Raises InsufficientPoints where there are not so many to take."""
    _, ledger = _loaded(tx, customer_id)
    cause = Cause(kind="adjustment", reason=reason, by=by)
    if points > 0:
        grant(tx, ledger, points, cause, "adjustment", counts=False)
    else:
        ledger.remove(-points, tx.now, cause)
    members.save(tx, ledger)
    return standing_of(tx, customer_id)


def give_bonus(tx: Tx, customer_id: str, points: int, key: str, reason: str, earned_for: EarnedFor) -> None:
    """Once for `key`."""
    _, ledger = _loaded(tx, customer_id)
    if points and not members.has_key(tx, key):
        grant(tx, ledger, points, Cause(kind="bonus", key=key, reason=reason), earned_for, counts=False)
        members.save(tx, ledger)


def take_bonus_back(tx: Tx, customer_id: str, points: int, key: str, reason: str) -> None:
    """What was given for `key`, once; nothing where it was not."""
    _, ledger = _loaded(tx, customer_id)
    back = f"{key}:back"
    if members.has_key(tx, key) and not members.has_key(tx, back):
        ledger.take_back(points, tx.now, Cause(kind="reversal", key=back, reason=reason))
        members.save(tx, ledger)


def give_birthday_points(tx: Tx, customer_id: str, year: int) -> None:
    given = tx.settings(LoyaltySettings).birthday_points
    give_bonus(tx, customer_id, given, f"birthday:{customer_id}:{year}", "a happy birthday", "birthday")


def expire_points(tx: Tx, customer_id: str) -> None:
    _, ledger = _loaded(tx, customer_id)
    ledger.expire(tx.now)
    members.save(tx, ledger)


def grant(
    tx: Tx, ledger: Ledger, points: int, cause: Cause, earned_for: EarnedFor, *, counts: bool, promised: bool = False
) -> None:
    """A new lot, and the event that tells it."""
    if points <= 0:
        return
    ledger.grant(_lot(tx, ledger.customer_id, points, cause.kind, cause.order_id, counts), cause, promised=promised)
    tx.record(
        PointsEarned(
            customer_id=ledger.customer_id,
            points=points,
            balance=ledger.available,
            earned_for=earned_for,
            order_id=cause.order_id,
        )
    )


def review_tier(tx: Tx, member: Member) -> None:
    """By what was earned in the last twelve months: up at once; down when that is looked at."""
    rules = tier_rules(tx)
    earned = members.earned_since(tx, member.customer_id, _a_year_ago(tx))
    new = tier_for(rules, earned).tier
    if new == member.tier:
        members.note_tier_check(tx, member.customer_id)
        return
    up = is_above(rules, new, member.tier)
    reason = "points-earned" if up else "points-of-a-year-ago-count-no-more"
    members.set_tier(tx, member, new, earned, reason)
    if up:
        tx.record(TierUpgraded(customer_id=member.customer_id, old=member.tier, new=new, earned=earned))


def review_tier_of(tx: Tx, customer_id: str) -> None:
    review_tier(tx, members.locked(tx, customer_id))


def tier_rules(tx: Tx) -> Sequence[TierRule]:
    return rules_of(tx.settings(LoyaltySettings))


def rules_of(settings: LoyaltySettings) -> Sequence[TierRule]:
    """The lowest first, whatever the figures."""
    above = [
        TierRule(tier="silver", threshold=settings.silver_points, percent=settings.silver_percent),
        TierRule(tier="gold", threshold=settings.gold_points, percent=settings.gold_percent),
        TierRule(tier="platinum", threshold=settings.platinum_points, percent=settings.platinum_percent),
    ]
    return [TierRule(tier="bronze", threshold=0, percent=100), *above]


def _loaded(tx: Tx, customer_id: str) -> tuple[Member, Ledger]:
    member = members.locked(tx, customer_id)
    return member, member.ledger(members.open_lots(tx, customer_id))


def _lot(tx: Tx, customer_id: str, points: int, kind: Kind, order_id: str | None, counts: bool) -> Lot:
    return Lot(
        id=tx.new_id(),
        customer_id=customer_id,
        kind=kind,
        order_id=order_id,
        granted=points,
        counts=counts,
        granted_at=tx.now,
        expires_at=months_later(tx.now, tx.settings(LoyaltySettings).lot_months),
    )


def _a_year_ago(tx: Tx) -> int:
    return months_later(tx.now, -YEAR_MONTHS)
