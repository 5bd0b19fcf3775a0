"""One member's points, in double entry: each transfer takes from one account what it puts on another.

    program    the platform's own: where points come from, and where those go that are taken back
    pending    earned by an order that is not completed yet
    available  can be spent
    held       taken for an order that is not confirmed yet
    redeemed   spent
    expired    not spent in time
    debt       what was taken back after it had been spent; never more than 0

`pending`, `available` and `held` are never below 0, after any transfer. What is available lies in lots, each with its
end; those that end first are spent first."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec

from shikanji.services.loyalty.errors import InsufficientPoints

Account = Literal["program", "pending", "available", "held", "redeemed", "expired", "debt"]
Kind = Literal[
    "pending", "earn", "bonus", "adjustment", "redeem", "expire", "hold", "release", "return", "reversal", "settlement"
]


class Slice(NamedTuple):
    """So many points of one lot."""

    lot_id: str
    points: int


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why points move. `key`: what may happen once only."""

    kind: Kind
    order_id: str | None = None
    key: str | None = None
    reason: str = ""
    by: str = "system"


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """`balance` is what is available after it."""

    number: int
    cause: Cause
    source: Account
    target: Account
    points: int
    balance: int


class Lot(msgspec.Struct, kw_only=True):
    """Points that were granted together. `consumed` and `expired` are gone from it; `reversed` of it were taken back,
    from this lot or any other; `counts`: towards the tier."""

    id: str
    customer_id: str
    kind: Kind
    order_id: str | None
    granted: int
    consumed: int = 0
    expired: int = 0
    reversed: int = 0
    counts: bool
    granted_at: int
    expires_at: int

    @property
    def remaining(self) -> int:
        return self.granted - self.consumed - self.expired


class Ledger(msgspec.Struct, kw_only=True):
    """`lots`: those that have something left, and those that an action is about. `number` counts the transfers. What
    happened since it was loaded stands in `posted`, `added` and `touched`."""

    customer_id: str
    pending: int = 0
    available: int = 0
    held: int = 0
    debt: int = 0
    number: int = 0
    lots: list[Lot] = []
    posted: list[Transfer] = []
    added: list[Lot] = []
    touched: dict[str, Lot] = {}

    def promise(self, points: int, cause: Cause) -> None:
        """An order was confirmed: its points are on their way."""
        self._post("program", "pending", points, cause)

    def withdraw(self, points: int, cause: Cause) -> None:
        """What was on its way does not come."""
        self._post("pending", "program", points, cause)

    def grant(self, lot: Lot, cause: Cause, *, promised: bool = False) -> None:
        """Points that can be spent from now on; what is owed is paid from them first."""
        if not lot.granted:
            return
        self._post("pending" if promised else "program", "available", lot.granted, cause)
        self.lots.append(lot)
        self.added.append(lot)
        self._settle()

    def take(self, points: int, at: int, cause: Cause) -> list[Slice]:
        """For an order that may come. Raises InsufficientPoints."""
        self._check(points, at)
        slices = self._consume(points)
        self._post("available", "held", points, cause)
        return slices

    def give_back(self, slices: Sequence[Slice], until: int, lot_id: str, at: int, cause: Cause) -> None:
        """No order came. What lies in a lot whose time is over can be spent `until` then, in the new lot `lot_id`."""
        self._post("held", "available", sum(each.points for each in slices), cause)
        self._restore(slices, until, lot_id, at)

    def spend(self, points: int, cause: Cause) -> None:
        """What was held is gone."""
        self._post("held", "redeemed", points, cause)

    def spend_at_once(self, points: int, at: int, cause: Cause) -> None:
        """Raises InsufficientPoints."""
        self._check(points, at)
        self._consume(points)
        self._post("available", "redeemed", points, cause)

    def return_spent(self, slices: Sequence[Slice], until: int, lot_id: str, at: int, cause: Cause) -> None:
        """The order for which they were spent was cancelled or paid back."""
        self._post("redeemed", "available", sum(each.points for each in slices), cause)
        self._restore(slices, until, lot_id, at)

    def take_back(self, points: int, at: int, cause: Cause, *, first: Lot | None = None) -> None:
        """Points that should not have been granted: of the lot `first` before others, and what is spent already is
        owed."""
        self.expire(at)
        there = min(points, self.available)
        if there:
            own = min(there, first.remaining) if first else 0
            if first and own:
                self._use(first, own)
            self._consume(there - own)
            self._post("available", "program", there, cause)
        if first:
            first.reversed += points
            self._touch(first)
        if points > there:
            self.debt += points - there
            self._post("debt", "program", points - there, msgspec.structs.replace(cause, key=None) if there else cause)

    def remove(self, points: int, at: int, cause: Cause) -> None:
        """By hand, with a reason. Raises InsufficientPoints."""
        self._check(points, at)
        self._consume(points)
        self._post("available", "program", points, cause)

    def expire(self, at: int) -> None:
        """Lots whose time is over."""
        for lot in self.lots:
            if lot.expires_at <= at and lot.remaining:
                left = lot.remaining
                lot.expired += left
                self._touch(lot)
                self._post("available", "expired", left, Cause(kind="expire", order_id=lot.order_id))

    def _check(self, points: int, at: int) -> None:
        self.expire(at)
        if points > self.available:
            raise InsufficientPoints(f"{points} points are more than the {self.available} that can be spent")

    def _settle(self) -> None:
        owed = min(self.debt, self.available)
        if owed:
            self._consume(owed)
            self.debt -= owed
            self._post("available", "debt", owed, Cause(kind="settlement"))

    def _consume(self, points: int) -> list[Slice]:
        slices = []
        for lot in sorted(self.lots, key=lambda lot: (lot.expires_at, lot.id)):
            part = min(points, lot.remaining)
            if part:
                self._use(lot, part)
                slices.append(Slice(lot.id, part))
                points -= part
        if points:
            raise ValueError(f"{points} points of {self.customer_id} lie in no lot")
        return slices

    def _use(self, lot: Lot, points: int) -> None:
        lot.consumed += points
        self._touch(lot)

    def _restore(self, slices: Iterable[Slice], until: int, lot_id: str, at: int) -> None:
        by_id = {lot.id: lot for lot in self.lots}
        late = 0
        for lot_of, points in slices:
            lot = by_id[lot_of]
            if lot.expires_at <= at:
                late += points
            else:
                lot.consumed -= points
                self._touch(lot)
        if late:
            lot = Lot(
                id=lot_id,
                customer_id=self.customer_id,
                kind="return",
                order_id=None,
                granted=late,
                counts=False,
                granted_at=at,
                expires_at=until,
            )
            self.lots.append(lot)
            self.added.append(lot)
        self._settle()

    def _touch(self, lot: Lot) -> None:
        self.touched[lot.id] = lot

    def _post(self, source: Account, target: Account, points: int, cause: Cause) -> None:
        if points <= 0:
            if points < 0:
                raise ValueError("a transfer has a direction, and no negative points")
            return
        for account, change in ((source, -points), (target, points)):
            if account in ("pending", "available", "held"):
                setattr(self, account, getattr(self, account) + change)
        if min(self.pending, self.available, self.held) < 0:
            raise ValueError(f"{source} of {self.customer_id} has no {points} points")
        self.number += 1
        self.posted.append(
            Transfer(
                number=self.number,
                cause=cause,
                source=source,
                target=target,
                points=points,
                balance=self.available,
            )
        )
