"""The ledger, whatever happens to it in whatever order: nothing below zero, nothing from nowhere, nothing lost."""

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shikanji.kit.clock import DAY
from shikanji.services.loyalty.errors import InsufficientPoints
from shikanji.services.loyalty.model.holds import first_of, without
from shikanji.services.loyalty.model.ledger import Cause, Kind, Ledger, Lot, Slice

NOW = 1_763_793_000_000_000
YEAR = 365 * DAY


def cause(kind: Kind = "adjustment") -> Cause:
    return Cause(kind=kind)


def lot(points: int, *, id: str = "lot", at: int = NOW, days: int = 365) -> Lot:
    return Lot(
        id=id,
        customer_id="asha",
        kind="earn",
        order_id=None,
        granted=points,
        counts=True,
        granted_at=at,
        expires_at=at + days * DAY,
    )


def ledger_with(points: int = 0) -> Ledger:
    ledger = Ledger(customer_id="asha")
    ledger.grant(lot(points), cause("earn"))
    return ledger


def sums(ledger: Ledger) -> Counter[str]:
    """What stands on each account, by its transfers."""
    balances: Counter[str] = Counter()
    for transfer in ledger.posted:
        balances[transfer.source] -= transfer.points
        balances[transfer.target] += transfer.points
    return balances


def test_points_that_are_promised_cannot_be_spent_until_they_are_granted() -> None:
    ledger = Ledger(customer_id="asha")
    ledger.promise(20, cause("pending"))

    with pytest.raises(InsufficientPoints):
        ledger.take(1, NOW, cause("hold"))
    ledger.grant(lot(20), cause("earn"), promised=True)

    assert (ledger.pending, ledger.available) == (0, 20)


def test_what_ends_first_is_spent_first() -> None:
    ledger = Ledger(customer_id="asha")
    for name, days in (("late", 300), ("soon", 30)):
        ledger.grant(lot(10, id=name, days=days), cause("earn"))

    assert ledger.take(15, NOW, cause("hold")) == [Slice("soon", 10), Slice("late", 5)]


def test_what_is_over_cannot_be_spent() -> None:
    ledger = ledger_with(10)

    with pytest.raises(InsufficientPoints):
        ledger.take(1, NOW + YEAR, cause("hold"))

    assert (ledger.available, ledger.lots[0].expired, sums(ledger)["expired"]) == (0, 10, 10)


def test_what_comes_back_after_its_time_can_be_spent_a_while() -> None:
    ledger = ledger_with(10)
    slices = ledger.take(10, NOW, cause("hold"))
    ledger.spend(10, cause("redeem"))

    ledger.return_spent(slices, NOW + YEAR + 30 * DAY, "again", NOW + YEAR, cause("return"))

    assert (ledger.available, ledger.added[-1].id, ledger.added[-1].remaining) == (10, "again", 10)
    ledger.expire(NOW + YEAR + 30 * DAY)
    assert ledger.available == 0


def test_what_was_spent_and_is_taken_back_is_owed_and_paid_from_what_comes_next() -> None:
    ledger = ledger_with(10)
    ledger.spend_at_once(8, NOW, cause("redeem"))

    ledger.take_back(10, NOW, cause("reversal"), first=ledger.lots[0])
    assert (ledger.available, ledger.debt, ledger.lots[0].reversed) == (0, 8, 10)
    ledger.grant(lot(20, id="next"), cause("earn"))

    assert (ledger.available, ledger.debt) == (12, 0)


def test_what_is_taken_back_comes_from_its_own_lot_first() -> None:
    ledger = ledger_with(10)
    ledger.grant(lot(10, id="own", days=400), cause("earn"))

    ledger.take_back(10, NOW, cause("reversal"), first=ledger.lots[1])

    assert [each.remaining for each in ledger.lots] == [10, 0]


def test_what_comes_back_in_part_is_what_ends_last() -> None:
    slices = [Slice("soon", 10), Slice("late", 5)]

    back = first_of(slices, 7)

    assert back == [Slice("late", 5), Slice("soon", 2)]
    assert without(slices, back) == [Slice("soon", 8)]


class AnyOrder(RuleBasedStateMachine):
    """Random histories of one member."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(customer_id="asha")
        self.at = NOW
        self.held: list[list[Slice]] = []
        self.spent: list[list[Slice]] = []
        self.seen = 0

    def new_id(self) -> str:
        self.seen += 1
        return f"lot-{self.seen:06}"

    @rule(points=st.integers(1, 50), days=st.integers(1, 400))
    def earn(self, points: int, days: int) -> None:
        self.ledger.grant(lot(points, id=self.new_id(), at=self.at, days=days), cause("earn"))

    @rule(points=st.integers(1, 50))
    def promise_and_grant_a_part(self, points: int) -> None:
        self.ledger.promise(points, cause("pending"))
        if points > 1:
            self.ledger.grant(lot(points // 2, id=self.new_id(), at=self.at), cause("earn"), promised=True)
        self.ledger.withdraw(points - points // 2, cause("reversal"))

    @rule(points=st.integers(1, 80))
    def take(self, points: int) -> None:
        try:
            self.held.append(self.ledger.take(points, self.at, cause("hold")))
        except InsufficientPoints:
            assert self.ledger.available < points

    @rule(back=st.booleans())
    def end_a_hold(self, back: bool) -> None:
        if not self.held:
            return
        slices = self.held.pop(0)
        if back:
            self.ledger.give_back(slices, self.at + 30 * DAY, self.new_id(), self.at, cause("release"))
        else:
            self.ledger.spend(sum(each.points for each in slices), cause("redeem"))
            self.spent.append(slices)

    @rule(share=st.integers(1, 100))
    def return_a_part(self, share: int) -> None:
        if self.spent:
            slices = self.spent.pop(0)
            part = first_of(slices, max(1, sum(each.points for each in slices) * share // 100))
            self.ledger.return_spent(part, self.at + 30 * DAY, self.new_id(), self.at, cause("return"))
            if left := without(slices, part):
                self.spent.append(left)

    @rule(data=st.data(), points=st.integers(1, 80))
    def take_back(self, data: st.DataObject, points: int) -> None:
        first = data.draw(st.sampled_from(self.ledger.lots)) if self.ledger.lots else None
        if first is not None:
            points = min(points, first.granted - first.reversed)
        if points:
            self.ledger.take_back(points, self.at, cause("reversal"), first=first)

    @rule(days=st.integers(1, 100))
    def wait(self, days: int) -> None:
        self.at += days * DAY
        self.ledger.expire(self.at)

    @invariant()
    def every_account_is_the_sum_of_its_transfers(self) -> None:
        balances = sums(self.ledger)
        assert sum(balances.values()) == 0
        ours = (self.ledger.pending, self.ledger.available, self.ledger.held, -self.ledger.debt)
        assert ours == (balances["pending"], balances["available"], balances["held"], balances["debt"])

    @invariant()
    def nothing_is_below_zero_after_any_transfer(self) -> None:
        running: Counter[str] = Counter()
        for transfer in self.ledger.posted:
            running[transfer.source] -= transfer.points
            running[transfer.target] += transfer.points
            assert min(running["pending"], running["available"], running["held"], -running["debt"]) >= 0
            assert transfer.balance == running["available"]

    @invariant()
    def what_can_be_spent_lies_in_lots(self) -> None:
        assert sum(each.remaining for each in self.ledger.lots) == self.ledger.available
        assert all(
            min(each.consumed, each.expired, each.remaining) >= 0 and each.reversed <= each.granted
            for each in self.ledger.lots
        )


AnyOrder.TestCase.settings = settings(max_examples=40, stateful_step_count=30)
TestAnyOrder = AnyOrder.TestCase
