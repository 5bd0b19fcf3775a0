"""Address books, preferences: rules without a database."""

import pytest

from shikanji.contracts.customer import AddressAdded
from shikanji.kit.errors import Invalid
from shikanji.services.customer.errors import AddressNotFound, TooManyAddresses
from shikanji.services.customer.model.keeping import AddressBook, KeptPreferences, Preferences
from tests.kit.databases import NOON
from tests.services.customer.makers import address


def make_book(size: int = 0, size_max: int = 5) -> AddressBook:
    book = AddressBook("customer-1", [], size_max)
    for number in range(size):
        book.add(f"address-{number}", address())
    return book


def defaults(book: AddressBook) -> list[str]:
    return [one.id for one in book.addresses if one.is_default]


def test_the_first_address_is_the_default() -> None:
    book = make_book()

    _, added = book.add("address-0", address(is_default=False))

    assert defaults(book) == ["address-0"]
    assert added == AddressAdded(customer_id="customer-1", address_id="address-0", postal_code="560001")


def test_a_new_default_replaces_the_old_one() -> None:
    book = make_book(2)

    book.add("address-2", address(is_default=True))
    assert defaults(book) == ["address-2"]

    book.update("address-1", address(is_default=True))
    assert defaults(book) == ["address-1"]


def test_the_default_cannot_just_be_unset() -> None:
    book = make_book(2)

    book.update("address-0", address(is_default=False))

    assert defaults(book) == ["address-0"]


def test_when_the_default_goes_the_newest_follows() -> None:
    book = make_book(3)

    book.remove("address-0")

    assert defaults(book) == ["address-2"]


def test_the_last_address_may_go() -> None:
    book = make_book(1)

    book.remove("address-0")

    assert book.addresses == []


def test_a_book_has_an_end() -> None:
    book = make_book(5)

    with pytest.raises(TooManyAddresses):
        book.add("address-5", address())


def test_an_address_of_somebody_else_is_not_in_the_book() -> None:
    with pytest.raises(AddressNotFound):
        make_book(1).update("address-9", address())


def test_blank_second_lines_are_none() -> None:
    saved, _ = make_book().add("address-0", address(line2="  ", landmark=""))

    assert (saved.details.line2, saved.details.landmark) == (None, None)


def test_control_characters_are_refused_in_addresses() -> None:
    with pytest.raises(Invalid) as refused:
        make_book().add("address-0", address(line1="12\x07"))
    assert refused.value.errors[0].field == "line1"


def test_consent_is_dated_when_given_and_gone_when_withdrawn() -> None:
    kept = KeptPreferences(preferences=Preferences(), version=0, marketing_since=None)

    given = kept.replaced_by(Preferences(marketing=True), NOON)
    changed = given.replaced_by(Preferences(marketing=True, spice="hot"), NOON + 5)
    withdrawn = changed.replaced_by(Preferences(), NOON + 9)

    assert [one.marketing_since for one in (given, changed, withdrawn)] == [NOON, NOON, None]
    assert withdrawn.version == 3


def test_lists_of_preferences_repeat_nothing() -> None:
    kept = KeptPreferences(preferences=Preferences(), version=0, marketing_since=None)

    cleaned = kept.replaced_by(Preferences(dietary=["jain", "vegan", "jain"], categories=["Snacks ", "Snacks"]), NOON)

    assert cleaned.preferences.dietary == ["jain", "vegan"]
    assert cleaned.preferences.categories == ["Snacks"]
