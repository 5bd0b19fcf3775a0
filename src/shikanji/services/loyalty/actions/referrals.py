"""The reward of members who bring new customers: for a first order that was completed and not paid back."""

from collections.abc import Iterable, Sequence

import msgspec

from shikanji.kit.db.tx import Tx
from shikanji.services.loyalty.actions import points
from shikanji.services.loyalty.model.earning import Earning
from shikanji.services.loyalty.model.holds import Hold
from shikanji.services.loyalty.repository import orders

REFERRAL, REFERRAL_BACK = "referral", "referral-back"


class Reward(msgspec.Struct, frozen=True, kw_only=True):
    """Payload of the jobs `referral` and `referral-back`; `order_id`: the new customer's first."""

    referrer_id: str
    friend_id: str
    order_id: str
    points: int

    @property
    def key(self) -> str:
        return f"referral:{self.friend_id}"


def plan_reward(tx: Tx, earning: Earning, holds: Sequence[Hold]) -> None:
    """The order was completed."""
    for reward in _rewards(earning, holds):
        tx.schedule(REFERRAL, earning.order_id, tx.now, reward)


def plan_back(tx: Tx, earning: Earning, holds: Sequence[Hold]) -> None:
    """Something of the order was paid back: with all of it the reward goes, too."""
    if earning.completed and earning.all_paid_back:
        for reward in _rewards(earning, holds):
            tx.schedule(REFERRAL_BACK, earning.order_id, tx.now, reward)


def reward_referrer(tx: Tx, reward: Reward) -> None:
    """Once for each customer who was brought."""
    # Under the order's lock: a refund at this moment either finds the reward or is found here.
    earning = orders.locked_earning(tx, reward.order_id)
    if earning is None or not earning.all_paid_back:
        points.give_bonus(tx, reward.referrer_id, reward.points, reward.key, "brought a new customer", "referral")


def take_reward_back(tx: Tx, reward: Reward) -> None:
    """Where it was given; what of it is spent already is owed."""
    points.take_bonus_back(tx, reward.referrer_id, reward.points, reward.key, "the new customer's order was paid back")


def _rewards(earning: Earning, holds: Sequence[Hold]) -> Iterable[Reward]:
    for hold in holds:
        for use in hold.held_uses:
            if use.referrer_id is not None and use.reward_points and hold.state != "released":
                yield Reward(
                    referrer_id=use.referrer_id,
                    friend_id=earning.customer_id,
                    order_id=earning.order_id,
                    points=use.reward_points,
                )
