"""Whose birthday it is."""

from datetime import date

import pytest

from shikanji.services.customer.model.account import birthdays_on


@pytest.mark.parametrize(
    ("day", "born", "counts"),
    [
        (date(2026, 11, 22), date(1990, 11, 22), True),
        (date(2026, 11, 22), date(1990, 11, 23), False),
        (date(2026, 2, 28), date(1992, 2, 29), True),
        (date(2028, 2, 28), date(1992, 2, 29), False),
        (date(2028, 2, 29), date(1992, 2, 29), True),
        (date(2026, 12, 31), date(1901, 12, 31), True),
    ],
)
def test_a_birthday_comes_on_its_day_and_a_29th_of_february_on_the_28th(day: date, born: date, counts: bool) -> None:
    assert (born in birthdays_on(day)) is counts
