"""Addresses, preferences, favourites and profiles, kept in the database."""

from datetime import date

import pytest

from shikanji.kit.errors import PreconditionFailed
from shikanji.kit.web.etags import etag
from shikanji.services.customer.actions import accounts, keeping
from shikanji.services.customer.errors import AddressNotFound, CustomerNotFound, TooManyFavourites, WrongPassword
from shikanji.services.customer.model.account import ProfileChanges
from shikanji.services.customer.model.keeping import Preferences
from tests.kit.databases import OpenDatabase
from tests.services.customer.makers import RAVI_EMAIL, RAVI_PHONE, address, make_account

ENGINES = ["sqlite", "postgres"]


async def defaults(database: OpenDatabase, customer_id: str) -> list[str]:
    book = await database.read(keeping.list_addresses, customer_id)
    return [saved.id for saved in book if saved.is_default]


async def test_an_address_comes_back_as_it_was_saved(database: OpenDatabase) -> None:
    customer = await make_account(database)

    saved = await database.write(keeping.add_address, customer.id, address())

    assert await database.read(keeping.list_addresses, customer.id) == [saved]
    assert saved.details == address(is_default=True)
    assert database.events()[-1].data == {
        "customerId": customer.id,
        "addressId": saved.id,
        "postalCode": "560001",
    }


async def test_there_is_one_default_through_all_changes(database: OpenDatabase) -> None:
    customer = await make_account(database)
    first = await database.write(keeping.add_address, customer.id, address())
    second = await database.write(keeping.add_address, customer.id, address(is_default=True))
    assert await defaults(database, customer.id) == [second.id]

    await database.write(keeping.update_address, customer.id, first.id, address(is_default=True), if_match=None)
    assert await defaults(database, customer.id) == [first.id]

    await database.write(keeping.remove_address, customer.id, first.id)
    assert await defaults(database, customer.id) == [second.id]


async def test_a_stale_edit_of_an_address_is_refused(database: OpenDatabase) -> None:
    customer = await make_account(database)
    saved = await database.write(keeping.add_address, customer.id, address())
    seen = etag(saved.version)
    await database.write(keeping.update_address, customer.id, saved.id, address(city="Mysuru"), if_match=seen)

    with pytest.raises(PreconditionFailed):
        await database.write(keeping.update_address, customer.id, saved.id, address(), if_match=seen)


async def test_addresses_of_others_cannot_be_touched(database: OpenDatabase) -> None:
    asha = await make_account(database)
    ravi = await make_account(database, email=RAVI_EMAIL, phone=RAVI_PHONE)
    saved = await database.write(keeping.add_address, asha.id, address())

    with pytest.raises(AddressNotFound):
        await database.write(keeping.remove_address, ravi.id, saved.id)
    with pytest.raises(AddressNotFound):
        await database.write(keeping.update_address, ravi.id, saved.id, address(), if_match=None)


async def test_preferences_have_defaults_until_they_are_put(database: OpenDatabase) -> None:
    customer = await make_account(database)

    kept, language = await database.read(keeping.get_preferences, customer.id)

    assert (kept.preferences, kept.version, language) == (Preferences(), 0, "en")


async def test_preferences_are_replaced_with_the_language(database: OpenDatabase) -> None:
    customer = await make_account(database)
    wanted = Preferences(spice="hot", dietary=["jain"], marketing=True)

    await database.write(keeping.put_preferences, customer.id, wanted, "hi", if_match='"0"')

    kept, language = await database.read(keeping.get_preferences, customer.id)
    assert (kept.preferences, kept.version, language) == (wanted, 1, "hi")
    assert kept.marketing_since == database.clock.now()
    assert database.events()[-1].data["changed"] == ["preferences", "language"]


async def test_stale_preferences_are_refused(database: OpenDatabase) -> None:
    customer = await make_account(database)
    await database.write(keeping.put_preferences, customer.id, Preferences(spice="hot"), None, if_match=None)

    with pytest.raises(PreconditionFailed):
        await database.write(keeping.put_preferences, customer.id, Preferences(), None, if_match='"0"')


async def test_a_favourite_is_kept_once_and_can_go(database: OpenDatabase) -> None:
    customer = await make_account(database)
    for product_id in ("shikanji", "lassi", "shikanji"):
        await database.write(keeping.add_favourite, customer.id, product_id)
        database.clock.advance(1)
    assert [one.product_id for one in await database.read(keeping.list_favourites, customer.id)] == [
        "lassi",
        "shikanji",
    ]

    for _ in range(2):
        await database.write(keeping.remove_favourite, customer.id, "lassi")
    assert [one.product_id for one in await database.read(keeping.list_favourites, customer.id)] == ["shikanji"]


async def test_favourites_have_an_end(database: OpenDatabase) -> None:
    customer = await make_account(database)
    for number in range(200):
        await database.write(keeping.add_favourite, customer.id, f"product-{number}")

    with pytest.raises(TooManyFavourites):
        await database.write(keeping.add_favourite, customer.id, "product-200")


async def test_a_profile_is_changed_and_told(database: OpenDatabase) -> None:
    customer = await make_account(database)

    changed = await database.write(
        accounts.update_profile,
        customer.id,
        ProfileChanges(name="आशा जैन", date_of_birth=date(1990, 5, 1)),
        if_match='"1"',
        verified_hash=None,
    )

    assert (changed.name, changed.version) == ("आशा जैन", 2)
    found, roles = await database.read(accounts.get_with_roles, customer.id)
    assert (found, roles) == (changed, {})
    assert database.events()[-1].data["changed"] == ["name", "dateOfBirth"]


async def test_a_verified_email_goes_only_with_the_password(database: OpenDatabase) -> None:
    customer = await make_account(database)
    changes = ProfileChanges(email=RAVI_EMAIL)

    with pytest.raises(WrongPassword):
        await database.write(accounts.update_profile, customer.id, changes, if_match=None, verified_hash=None)
    changed = await database.write(accounts.update_profile, customer.id, changes, if_match=None, verified_hash="hash-1")

    assert changed.email is not None
    assert changed.email.verified_at is None


async def test_a_stale_profile_edit_is_refused(database: OpenDatabase) -> None:
    customer = await make_account(database)

    with pytest.raises(PreconditionFailed):
        await database.write(
            accounts.update_profile,
            customer.id,
            ProfileChanges(name="A"),
            if_match='"7"',
            verified_hash=None,
        )


async def test_who_is_not_there_has_nothing(database: OpenDatabase) -> None:
    for action in (keeping.list_addresses, keeping.list_favourites, keeping.get_preferences):
        with pytest.raises(CustomerNotFound):
            await database.read(action, "nobody")
