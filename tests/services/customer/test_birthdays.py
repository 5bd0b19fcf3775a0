"""Whose birthday it is."""

from datetime import date

import pytest
import sqlalchemy as sa

from shikanji.services.customer.actions import directory
from shikanji.services.customer.model.account import birthdays_on
from shikanji.services.customer.tables import customers
from tests.kit.databases import OpenDatabase
from tests.services.customer.makers import RAVI_EMAIL, RAVI_PHONE, make_account


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


async def test_verified_accounts_are_found_by_their_day_in_pages(database: OpenDatabase) -> None:
    asha = await make_account(database)
    await make_account(database, email=RAVI_EMAIL, phone=RAVI_PHONE, verified=False)
    await database.write(lambda tx: tx.execute(sa.update(customers).values(date_of_birth="1992-02-29")))

    found = await database.read(directory.birthdays, date(2026, 2, 28), "", 500)

    assert found == [asha.id]
    assert await database.read(directory.birthdays, date(2026, 2, 28), asha.id, 500) == []
    assert await database.read(directory.birthdays, date(2026, 3, 1), "", 500) == []
