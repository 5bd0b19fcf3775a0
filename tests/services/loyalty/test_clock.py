"""What happens to points and holds by the clock."""

from typing import Any

from shikanji.contracts.customer import AskBirthdays, Birthdays
from shikanji.contracts.order import AskHoldOwner, HoldOwner
from shikanji.kit.calls import Call
from shikanji.kit.clock import MINUTE
from shikanji.kit.db.tx import Tx
from shikanji.kit.jobs import Job
from shikanji.kit.service import Room
from shikanji.services.loyalty.jobs import MEMBERS_MAX, birthdays, expire_points, review_tiers, sweep_benefits
from shikanji.services.loyalty.repository import members
from tests.kit.databases import OpenDatabase
from tests.makers import make_room_of
from tests.services.loyalty.makers import ASHA, RAVI, balances, check_books, give, hold, number

JOB = Job(kind="", key="", due_at=0, payload=b"{}", attempts=1, lease="")
YEAR = 366 * 24 * 60 * MINUTE


class Others:
    """The order and the customer service, as their contracts promise."""

    def __init__(self, *, never: bool = True) -> None:
        self.never = never
        self.days: list[str] = []

    async def ask(self, call: Call[Any]) -> Any:
        match call:
            case AskHoldOwner():
                return HoldOwner(written=False, never=self.never)
            case AskBirthdays():
                self.days.append(call.day)
                return Birthdays(account_ids=[] if call.after else [ASHA, RAVI])
        raise AssertionError(call)


def room(base: OpenDatabase, others: Others) -> Room:
    return make_room_of(base, calls=others)


async def test_a_hold_lapses_only_on_a_definite_no(base: OpenDatabase) -> None:
    await give(base, 40)
    await hold(base, number(), redeem_points=30)
    base.clock.advance(21 * MINUTE)

    await sweep_benefits(room(base, Others(never=False)), JOB)
    assert balances(base) == (0, 10, 30, 0)
    await sweep_benefits(room(base, Others()), JOB)
    assert balances(base) == (0, 10, 30, 0), "asked again after a minute only"
    base.clock.advance(MINUTE)
    await sweep_benefits(room(base, Others()), JOB)

    assert balances(base) == (0, 40, 0, 0)
    check_books(base)


async def test_a_hold_whose_time_is_not_over_is_nobodys_business(base: OpenDatabase) -> None:
    await give(base, 40)
    await hold(base, number(), redeem_points=30)
    base.clock.advance(19 * MINUTE)

    await sweep_benefits(room(base, Others()), JOB)

    assert balances(base) == (0, 10, 30, 0)


async def test_everybody_whose_birthday_is_today_gets_points_once(base: OpenDatabase) -> None:
    others = Others()

    for _ in range(2):
        await birthdays(room(base, others), JOB)

    assert (balances(base), balances(base, RAVI)) == ((0, 100, 0, 0), (0, 100, 0, 0))
    assert set(others.days) == {"2026-11-22"}


async def test_points_and_tiers_that_are_a_year_old_are_swept(base: OpenDatabase) -> None:
    await give(base, 1_000)
    base.clock.advance(YEAR)

    await expire_points(room(base, Others()), JOB)
    await review_tiers(room(base, Others()), JOB)

    assert balances(base) == (0, 0, 0, 0)
    assert base.query("SELECT tier FROM members") == [("bronze",)]
    check_books(base)


async def test_every_tier_is_looked_at_within_the_day_however_many_there_are(base: OpenDatabase) -> None:
    def promote(tx: Tx) -> None:
        for _ in range(MEMBERS_MAX + 1):
            members.set_tier(tx, members.locked(tx, number()), "gold", 5_000, "points-earned")

    await base.write(promote)
    base.clock.advance(YEAR)

    await review_tiers(room(base, Others()), JOB)

    assert base.query("SELECT DISTINCT tier FROM members") == [("bronze",)]
