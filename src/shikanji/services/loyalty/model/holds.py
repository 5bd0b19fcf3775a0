"""Benefits held for one order, under (order, attempt), and how that ends.

active    taken; no event of the order has been seen yet
tied      OrderCreated was seen: only the order's own events end it now
spent     OrderConfirmed: its points are gone, its campaigns used
returned  spent, then cancelled: all of it is back
released  let go before anything of it was spent, or moved to a later attempt; also what stands as a tombstone"""

from typing import Literal

import msgspec

from shikanji.contracts.loyalty import BenefitsHeld, CampaignType
from shikanji.services.loyalty.model.ledger import Slice

NO_ANSWER = b""
State = Literal["active", "tied", "spent", "returned", "released"]


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One campaign of a hold. `referrer_id`: who gets the reward when the order is completed."""

    campaign_id: str
    type: CampaignType
    code: str | None
    discount: int
    bonus_points: int = 0
    bonus_percent: int = 0
    referrer_id: str | None = None
    reward_points: int = 0


class Hold(msgspec.Struct, kw_only=True):
    """In the order of its table's columns. `slices`, `uses` and `answer` are JSON; `slices` is what has not come back
    of `points`, `returned` what has. The answer is there until the hold ends: then nobody asks for it again."""

    order_id: str
    attempt: int
    customer_id: str
    state: State
    points: int
    returned: int
    slices: bytes
    uses: bytes
    answer: bytes
    held_at: int
    expires_at: int
    ended_at: int | None

    @property
    def is_tombstone(self) -> bool:
        return not self.customer_id

    @property
    def held_slices(self) -> list[Slice]:
        return [Slice(*each) for each in _SLICES.decode(self.slices)]

    @property
    def held_uses(self) -> list[Use]:
        return _USES.decode(self.uses)

    @property
    def held_answer(self) -> BenefitsHeld:
        return _ANSWER.decode(self.answer)


def tombstone(order_id: str, attempt: int, now: int) -> Hold:
    """What stands where nothing was ever held, so that what comes late finds its end."""
    return Hold(
        order_id=order_id,
        attempt=attempt,
        customer_id="",
        state="released",
        points=0,
        returned=0,
        slices=b"[]",
        uses=b"[]",
        answer=NO_ANSWER,
        held_at=now,
        expires_at=now,
        ended_at=now,
    )


def first_of(slices: list[Slice], points: int) -> list[Slice]:
    """So many points of what was taken: those that end last come back first, being worth most."""
    part = []
    for lot_id, there in reversed(slices):
        count = min(points, there)
        if count:
            part.append(Slice(lot_id, count))
            points -= count
    return part


def without(slices: list[Slice], gone: list[Slice]) -> list[Slice]:
    less = dict(gone)
    left = [Slice(lot_id, points - less.get(lot_id, 0)) for lot_id, points in slices]
    return [each for each in left if each.points]


_SLICES = msgspec.json.Decoder(list[tuple[str, int]])
_USES = msgspec.json.Decoder(list[Use])
_ANSWER = msgspec.json.Decoder(BenefitsHeld)
