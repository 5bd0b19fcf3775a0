"""What the events of an order do to its customer's points and to what the order held. They may come late, twice and in
any order: `model/earning.py` says what should stand, and here it is brought about."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from shikanji.contracts.loyalty import CampaignApplied, PointsRedeemed
from shikanji.contracts.order import OrderCancelled, OrderCompleted, OrderConfirmed, OrderCreated
from shikanji.contracts.payment import RefundCompleted
from shikanji.kit.clock import DAY
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.services.loyalty.actions import points, referrals
from shikanji.services.loyalty.actions.benefits import let_go, release_uses
from shikanji.services.loyalty.model.earning import Due, Earning, points_for
from shikanji.services.loyalty.model.holds import NO_ANSWER, Hold, first_of, without
from shikanji.services.loyalty.model.ledger import Cause, Ledger, Slice
from shikanji.services.loyalty.model.tiers import rule_of
from shikanji.services.loyalty.repository import members, orders
from shikanji.services.loyalty.repository.members import Member
from shikanji.services.loyalty.settings import LoyaltySettings


def order_created(tx: Tx, event: OrderCreated) -> None:
    """The order has its benefits from now on."""
    if event.benefits:
        orders.tie_hold(tx, event.order_id, event.attempt)
        failpoint("loyalty.tie.before_commit")


def promise_points(tx: Tx, events: Sequence[OrderConfirmed]) -> list[OrderConfirmed]:
    """Points are on their way for orders that hold nothing and of which nothing else was heard, as it is with almost
    all; returns the others."""
    known = orders.known_earnings(tx, {event.order_id for event in events})
    fresh = {event.order_id: event for event in events if not event.benefits and event.order_id not in known}
    if fresh:
        _promise(tx, list(fresh.values()))
    failpoint("loyalty.promise.before_commit")
    return [event for event in events if fresh.get(event.order_id) is not event]


def order_confirmed(tx: Tx, event: OrderConfirmed) -> None:
    """Its points are on their way, and what it held is spent."""
    earning = _earning(tx, event.order_id, event.customer_id)
    holds = orders.locked_holds(tx, event.order_id) if event.benefits else []
    member = members.locked(tx, event.customer_id)
    _tell(tx, earning, member, holds, goods=event.goods, total=event.total)
    earning.confirm(event.attempt)
    if earning.confirmed_attempt > earning.cancelled_attempt or earning.completed:
        _spend(tx, event, holds, earning)
    _balance(tx, earning)
    failpoint("loyalty.confirm.before_commit")


def order_completed(tx: Tx, event: OrderCompleted) -> None:
    """Its points can be spent."""
    earning = _earning(tx, event.order_id, event.customer_id)
    holds = orders.locked_holds(tx, event.order_id) if event.benefits else []
    member = members.locked(tx, event.customer_id)
    _tell(tx, earning, member, holds, goods=event.goods, total=event.total)
    if not earning.completed:
        earning.completed = 1
        referrals.plan_reward(tx, earning, holds)
    _balance(tx, earning)
    failpoint("loyalty.complete.before_commit")


def order_cancelled(tx: Tx, event: OrderCancelled) -> None:
    """What it earned and what it spent is undone."""
    earning = _earning(tx, event.order_id, event.customer_id)
    earning.cancel(event.attempt)
    for hold in orders.locked_holds(tx, event.order_id):
        if hold.attempt <= event.attempt and not earning.completed:
            _end(tx, hold)
    _balance(tx, earning)
    failpoint("loyalty.cancel.before_commit")


def refund_completed(tx: Tx, event: RefundCompleted) -> None:
    """A part of what was paid went back, and with it that part of the points. What was paid too much, or for an order
    that is not to be, was never counted."""
    if event.cause != "requested" or not orders.add_refund(tx, event.refund_id, event.order_id, event.amount):
        return
    earning = _earning(tx, event.order_id, event.customer_id)
    earning.refunded += event.amount
    holds = orders.locked_holds(tx, event.order_id)
    for hold in holds:
        _return_part(tx, hold, earning)
    referrals.plan_back(tx, earning, holds)
    _balance(tx, earning)
    failpoint("loyalty.refund.before_commit")


def _promise(tx: Tx, events: Sequence[OrderConfirmed]) -> None:
    confirmed = Counter(event.customer_id for event in events)
    found = members.locked_all(tx, confirmed)
    ledgers = {customer_id: member.ledger() for customer_id, member in found.items()}
    earnings = []
    for event in events:
        earning = Earning(order_id=event.order_id, customer_id=event.customer_id, seen_at=tx.now)
        earned = _points(tx, found[event.customer_id], event.goods)
        earning.tell(goods=event.goods, total=event.total, points=earned, bonus=0)
        earning.confirm(event.attempt)
        earning.pending = earning.due.pending
        ledgers[event.customer_id].promise(earning.pending, _cause("pending", earning))
        earnings.append(earning)
    orders.add_earnings(tx, earnings)
    members.save(tx, *ledgers.values(), ordered=confirmed)


def _earning(tx: Tx, order_id: str, customer_id: str) -> Earning:
    """The order's row, locked, which is there from now on."""
    found = orders.locked_earning(tx, order_id)
    if found is not None:
        return found
    fresh = Earning(order_id=order_id, customer_id=customer_id, seen_at=tx.now)
    if orders.add_earning(tx, fresh):
        return fresh
    found = orders.locked_earning(tx, order_id)
    assert found is not None
    return found


def _tell(tx: Tx, earning: Earning, member: Member, holds: list[Hold], *, goods: int, total: int) -> None:
    if earning.goods is not None:
        return
    earned = _points(tx, member, goods)
    bonus = sum(use.bonus_points + earned * use.bonus_percent // 100 for hold in holds[-1:] for use in hold.held_uses)
    earning.tell(goods=goods, total=total, points=earned, bonus=bonus)
    members.count_order(tx, earning.customer_id)


def _points(tx: Tx, member: Member, goods: int) -> int:
    rule = rule_of(points.tier_rules(tx), member.tier)
    return points_for(goods, tx.settings(LoyaltySettings).paise_per_point, rule.percent)


def _balance(tx: Tx, earning: Earning) -> None:
    """Moves what stands in the ledger to what should stand there."""
    due = earning.due
    if due != Due(earning.pending, earning.granted, earning.bonus_granted):
        _move(tx, earning, due)
    orders.save_earning(tx, earning)


def _move(tx: Tx, earning: Earning, due: Due) -> None:
    member = members.locked(tx, earning.customer_id)
    lots = members.lots_with(tx, earning.customer_id, [], earning.order_id) if _needs_lots(earning, due, member) else []
    ledger = member.ledger(lots)
    more = due.granted - earning.granted
    if more > 0:
        promised = earning.pending >= more
        points.grant(tx, ledger, more, _cause("earn", earning), "order", counts=True, promised=promised)
        earning.pending -= more if promised else 0
    if due.pending > earning.pending:
        ledger.promise(due.pending - earning.pending, _cause("pending", earning))
    else:
        ledger.withdraw(earning.pending - due.pending, _cause("reversal", earning))
    points.grant(tx, ledger, due.bonus - earning.bonus_granted, _cause("bonus", earning), "campaign", counts=False)
    _take_back(tx, ledger, "earn", -more, earning)
    _take_back(tx, ledger, "bonus", earning.bonus_granted - due.bonus, earning)
    earning.pending, earning.granted, earning.bonus_granted = due
    members.save(tx, ledger)
    if more:
        points.review_tier(tx, member)


def _needs_lots(earning: Earning, due: Due, member: Member) -> bool:
    """Where something is taken from what can be spent."""
    return bool(member.debt) or due.granted < earning.granted or due.bonus < earning.bonus_granted


def _take_back(tx: Tx, ledger: Ledger, kind: str, count: int, earning: Earning) -> None:
    if count > 0:
        own = [lot for lot in ledger.lots if lot.order_id == earning.order_id and lot.kind == kind]
        ledger.take_back(count, tx.now, _cause("reversal", earning), first=own[0] if own else None)


def _cause(kind: str, earning: Earning) -> Cause:
    return msgspec.convert({"kind": kind, "order_id": earning.order_id}, Cause)


def _spend(tx: Tx, event: OrderConfirmed, holds: list[Hold], earning: Earning) -> None:
    """And what was paid back of it already comes back."""
    for hold in holds:
        if hold.attempt == event.attempt and hold.state in ("active", "tied"):
            hold.state, hold.ended_at, hold.answer = "spent", tx.now, NO_ANSWER
            orders.save_hold(tx, hold)
            _spend_points(tx, hold)
            _return_part(tx, hold, earning)
            for use in hold.held_uses:
                tx.record(
                    CampaignApplied(
                        order_id=hold.order_id,
                        customer_id=hold.customer_id,
                        campaign_id=use.campaign_id,
                        type=use.type,
                        coupon_code=use.code,
                        discount=use.discount,
                    )
                )


def _spend_points(tx: Tx, hold: Hold) -> None:
    if not hold.points:
        return
    ledger = members.locked(tx, hold.customer_id).ledger()
    ledger.spend(hold.points, Cause(kind="redeem", order_id=hold.order_id))
    members.save(tx, ledger)
    tx.record(
        PointsRedeemed(
            customer_id=hold.customer_id, points=hold.points, balance=ledger.available, order_id=hold.order_id
        )
    )


def _end(tx: Tx, hold: Hold) -> None:
    if hold.state in ("active", "tied"):
        let_go(tx, hold)
    elif hold.state == "spent":
        _return(tx, hold, hold.held_slices)
        release_uses(tx, hold)
        hold.state = "returned"
        orders.save_hold(tx, hold)


def _return_part(tx: Tx, hold: Hold, earning: Earning) -> None:
    if hold.state == "spent" and hold.points and earning.total:
        due = hold.points * min(earning.refunded, earning.total) // earning.total
        _return(tx, hold, first_of(hold.held_slices, due - hold.returned))
        orders.save_hold(tx, hold)


def _return(tx: Tx, hold: Hold, slices: list[Slice]) -> None:
    count = sum(each.points for each in slices)
    if not count:
        return
    member = members.locked(tx, hold.customer_id)
    ledger = member.ledger(members.lots_with(tx, hold.customer_id, [each.lot_id for each in slices]))
    until = tx.now + tx.settings(LoyaltySettings).returned_days * DAY
    ledger.return_spent(slices, until, tx.new_id(), tx.now, Cause(kind="return", order_id=hold.order_id))
    members.save(tx, ledger)
    hold.returned += count
    hold.slices = msgspec.json.encode(without(hold.held_slices, slices))
