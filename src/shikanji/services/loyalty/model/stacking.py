"""Which campaigns count together, as a table.

1. A coupon goes before what applies by itself; after it, what is worth most to the customer (then the older).
2. Each further campaign counts if the table lets it stand beside every one that counts already.
3. One that is not `combinable` stands alone: beside no other, in either order.
4. Points pay at most their share of the subtotal, and never more than what is left after the discounts. They go with
   every campaign."""

from collections.abc import Sequence
from typing import Literal

from shikanji.contracts.loyalty import CampaignType
from shikanji.services.loyalty.errors import TooManyPoints
from shikanji.services.loyalty.model.campaign import Benefit

Effect = Literal["goods", "delivery", "points"]

EFFECTS: dict[CampaignType, Effect] = {
    "discount": "goods",
    "bogo": "goods",
    "referral": "goods",
    "free_delivery": "delivery",
    "loyalty_bonus": "points",
}
TOGETHER: dict[tuple[Effect, Effect], bool] = {
    ("goods", "goods"): False,
    ("goods", "delivery"): True,
    ("goods", "points"): True,
    ("delivery", "goods"): True,
    ("delivery", "delivery"): False,
    ("delivery", "points"): True,
    ("points", "goods"): True,
    ("points", "delivery"): True,
    ("points", "points"): False,
}


def go_together(one: Benefit, other: Benefit) -> bool:
    effects = (EFFECTS[one.campaign.draft.type], EFFECTS[other.campaign.draft.type])
    combinable = one.campaign.draft.combinable and other.campaign.draft.combinable
    return combinable and TOGETHER[effects]


def choose(coupon: Benefit | None, automatic: Sequence[Benefit]) -> list[Benefit]:
    """Those that count, the coupon first."""
    chosen = [] if coupon is None else [coupon]
    for each in sorted(automatic, key=lambda one: (-one.worth, one.campaign.created_at, one.campaign.id)):
        if all(go_together(each, other) for other in chosen):
            chosen.append(each)
    return chosen


def check_points(points: int, *, value: int, percent: int, subtotal: int, discount: int) -> int:
    """What the points pay (paise). Raises TooManyPoints, saying how many can be redeemed."""
    most = points_max(value=value, percent=percent, subtotal=subtotal, discount=discount)
    if points > most:
        raise TooManyPoints(f"This order takes at most {most} points.")
    return points * value


def points_max(*, value: int, percent: int, subtotal: int, discount: int) -> int:
    return min(subtotal * percent // 100, subtotal - discount) // value
