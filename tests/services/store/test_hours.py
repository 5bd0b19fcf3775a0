"""When a store is open, in its own time. 2026-11-23 is a Monday."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shikanji.kit.clock import DAY, HOUR
from shikanji.services.store.model.hours import Calendar, Closure, Hours, moment, overlap
from tests.services.store.makers import daily, hours, local, make_closure

NEW_YORK = "America/New_York"


def calendar(*intervals: Hours, closures: tuple[Closure, ...] = (), zone: str = "Asia/Kolkata") -> Calendar:
    return Calendar(zone, intervals, closures)


@pytest.mark.parametrize(
    ("at", "open_"),
    [
        ("2026-11-23 10:59", False),
        ("2026-11-23 11:00", True),
        ("2026-11-23 22:59", True),
        ("2026-11-23 23:00", False),
        ("2026-11-24 12:00", False),
    ],
)
def test_open_from_the_opening_up_to_the_closing_minute_of_that_weekday(at: str, open_: bool) -> None:
    assert calendar(hours("11:00", "23:00")).is_open("pickup", local(at)) is open_


def test_hours_are_told_in_the_stores_zone_not_in_utc() -> None:
    noon_in_london = local("2026-11-23 12:00", "Europe/London")

    assert not calendar(hours("11:00", "14:00"), zone="Asia/Kolkata").is_open("pickup", noon_in_london)
    assert calendar(hours("11:00", "14:00"), zone="Europe/London").is_open("pickup", noon_in_london)


@pytest.mark.parametrize(("at", "open_"), [("12:00", True), ("15:30", False), ("19:00", True), ("22:00", False)])
def test_a_day_may_have_several_intervals(at: str, open_: bool) -> None:
    split = calendar(hours("11:00", "15:00"), hours("18:00", "22:00"))

    assert split.is_open("pickup", local(f"2026-11-23 {at}")) is open_


@pytest.mark.parametrize(
    ("at", "open_"),
    [
        ("2026-11-27 17:59", False),
        ("2026-11-27 18:00", True),
        ("2026-11-28 00:00", True),
        ("2026-11-28 01:59", True),
        ("2026-11-28 02:00", False),
        ("2026-11-27 01:00", False),
    ],
)
def test_hours_past_midnight_belong_to_the_day_on_which_they_began(at: str, open_: bool) -> None:
    friday_night = calendar(hours("18:00", "02:00", day=4))

    assert friday_night.is_open("pickup", local(at)) is open_


def test_sunday_night_reaches_into_monday() -> None:
    assert calendar(hours("22:00", "03:00", day=6)).is_open("pickup", local("2026-11-30 02:30"))


def test_each_fulfilment_method_has_its_own_hours() -> None:
    both = calendar(hours("11:00", "22:00", fulfilment="delivery"), hours("10:00", "23:00", fulfilment="pickup"))
    late = local("2026-11-23 22:30")

    assert both.is_open("pickup", late)
    assert not both.is_open("delivery", late)
    assert not both.offers("dine-in")
    assert not both.is_open("dine-in", late)


def test_the_same_opening_and_closing_time_means_around_the_clock() -> None:
    all_monday = calendar(hours("06:00", "06:00"))

    assert all_monday.is_open("pickup", local("2026-11-24 05:59"))
    assert not all_monday.is_open("pickup", local("2026-11-24 06:00"))


@pytest.mark.parametrize(("day", "open_"), [(23, True), (24, False), (25, False), (26, True)])
def test_a_closure_takes_its_first_and_its_last_date(day: int, open_: bool) -> None:
    closed = calendar(*daily("11:00", "23:00"), closures=(make_closure("2026-11-24", "2026-11-25"),))

    assert closed.is_open("pickup", local(f"2026-11-{day} 12:00")) is open_


def test_a_closure_of_one_fulfilment_method_leaves_the_others() -> None:
    closed = calendar(*daily("11:00", "23:00"), closures=(make_closure("2026-11-24", "2026-11-24", "dine-in"),))
    noon = local("2026-11-24 12:00")

    assert not closed.is_open("dine-in", noon)
    assert closed.is_open("delivery", noon)


def test_a_closure_leaves_the_night_that_began_before_it() -> None:
    closed = calendar(*daily("18:00", "02:00"), closures=(make_closure("2026-11-24", "2026-11-24"),))

    assert closed.is_open("pickup", local("2026-11-24 01:00"))
    assert not closed.is_open("pickup", local("2026-11-24 19:00"))
    assert not closed.is_open("pickup", local("2026-11-25 01:00"))


def test_a_closed_store_opens_next_after_its_closures() -> None:
    closed = calendar(hours("11:00", "23:00"), closures=(make_closure("2026-11-23", "2026-12-01"),))

    assert closed.opens_at("pickup", local("2026-11-23 08:00")) == local("2026-12-07 11:00")


def test_an_open_store_opens_now() -> None:
    now = local("2026-11-23 12:00")

    assert calendar(hours("11:00", "23:00")).opens_at("pickup", now) == now


def test_a_store_that_stays_closed_opens_never() -> None:
    now = local("2026-11-23 12:00")

    assert calendar().opens_at("pickup", now) is None
    assert (
        calendar(*daily("11:00", "12:00"), closures=(make_closure("2026-01-01", "2099-01-01"),)).opens_at("pickup", now)
        is None
    )


def test_closing_looks_past_intervals_that_touch() -> None:
    late = calendar(hours("11:00", "24:00"), hours("00:00", "02:00", day=1))

    assert late.closes_at("pickup", local("2026-11-23 23:00")) == local("2026-11-24 02:00")


def test_an_open_all_hours_store_has_no_closing_time_until_it_has_a_closure() -> None:
    now = local("2026-11-23 23:00")

    assert calendar(*daily("00:00", "24:00")).closes_at("pickup", now) is None
    assert calendar(*daily("00:00", "24:00"), closures=(make_closure("2026-11-26", "2026-11-26"),)).closes_at(
        "pickup", now
    ) == local("2026-11-26 00:00")


def test_a_closed_store_has_no_closing_time() -> None:
    assert calendar(hours("11:00", "23:00")).closes_at("pickup", local("2026-11-23 23:30")) is None


def test_a_day_of_23_hours_is_open_for_23_hours() -> None:
    spring = calendar(*daily("00:00", "24:00"), zone=NEW_YORK)

    (sunday,) = spring.openings("pickup", date(2026, 3, 8))

    assert sunday.end - sunday.start == 23 * HOUR


def test_a_day_of_25_hours_is_open_for_25_hours() -> None:
    autumn = calendar(*daily("00:00", "24:00"), zone=NEW_YORK)

    (sunday,) = autumn.openings("pickup", date(2026, 11, 1))

    assert sunday.end - sunday.start == 25 * HOUR


def test_an_opening_time_that_the_clock_skips_is_the_change_itself() -> None:
    spring = calendar(hours("02:30", "05:00", day=6), zone=NEW_YORK)

    (sunday,) = spring.openings("pickup", date(2026, 3, 8))

    assert sunday.start == local("2026-03-08 03:00", NEW_YORK)
    assert sunday.end == local("2026-03-08 05:00", NEW_YORK)


def test_hours_that_the_clock_skips_altogether_do_not_happen() -> None:
    spring = calendar(hours("02:15", "02:45", day=6), zone=NEW_YORK)

    assert not list(spring.openings("pickup", date(2026, 3, 8)))
    assert spring.opens_at("pickup", local("2026-03-07 12:00", NEW_YORK)) == local("2026-03-15 02:15", NEW_YORK)


def test_a_time_that_comes_twice_is_the_first() -> None:
    autumn = calendar(hours("22:00", "01:30", day=5), zone=NEW_YORK)

    (saturday,) = autumn.openings("pickup", date(2026, 10, 31))

    assert saturday.end == local("2026-11-01 01:30", NEW_YORK, fold=0)
    assert not autumn.is_open("pickup", local("2026-11-01 01:15", NEW_YORK, fold=1))


def test_a_midnight_that_the_clock_skips_is_the_change_itself() -> None:
    assert moment(ZoneInfo("America/Santiago"), date(2026, 9, 6), 0) == local("2026-09-06 01:00", "America/Santiago")


@pytest.mark.parametrize(
    ("intervals", "overlaps"),
    [
        ((hours("11:00", "15:00"), hours("15:00", "22:00")), False),
        ((hours("11:00", "15:00"), hours("14:59", "22:00")), True),
        ((hours("18:00", "02:00"), hours("01:00", "09:00", day=1)), True),
        ((hours("18:00", "02:00"), hours("02:00", "09:00", day=1)), False),
        ((hours("18:00", "02:00", day=6), hours("01:00", "09:00", day=0)), True),
        ((hours("18:00", "01:00", day=6), hours("01:00", "09:00", day=0)), False),
        ((hours("11:00", "15:00"), hours("11:00", "15:00", fulfilment="delivery")), False),
        ((hours("11:00", "11:00"),), False),
        ((), False),
        (daily("00:00", "24:00"), False),
    ],
)
def test_intervals_of_one_method_must_not_overlap(intervals: tuple[Hours, ...], overlaps: bool) -> None:
    assert overlap(intervals) is overlaps


zones = st.sampled_from(["Asia/Kolkata", "America/New_York", "Europe/London", "Australia/Lord_Howe", "UTC"])
clocks = st.integers(0, 1439)
moments = st.integers(local("2026-01-01 00:00"), local("2027-12-31 00:00"))


@given(zone=zones, opens=clocks, closes=clocks, day=st.integers(0, 6), at=moments)
def test_open_next_and_close_next_agree_with_being_open(zone: str, opens: int, closes: int, day: int, at: int) -> None:
    weekly = Calendar(zone, (Hours(fulfilment="pickup", day=day, opens=opens, closes=closes),), ())

    opening, closing = weekly.opens_at("pickup", at), weekly.closes_at("pickup", at)

    assert opening is not None
    assert at <= opening < at + 15 * DAY
    assert weekly.is_open("pickup", opening)
    assert weekly.is_open("pickup", at) is (closing is not None)
    assert closing is None or not weekly.is_open("pickup", closing)
    assert closing is None or weekly.is_open("pickup", closing - 1)
