"""Addresses, preferences and favourites."""

from shikanji.contracts.customer import ProfileUpdated
from shikanji.kit.db.tx import Tx
from shikanji.kit.web.etags import etag, require_match
from shikanji.services.customer.errors import TooManyFavourites
from shikanji.services.customer.model.account import Language, ProfileChanges
from shikanji.services.customer.model.keeping import (
    AddressBook,
    AddressDetails,
    Favourite,
    KeptPreferences,
    Preferences,
    SavedAddress,
)
from shikanji.services.customer.repository import accounts, keeping
from shikanji.services.customer.settings import CustomerSettings


def list_addresses(tx: Tx, customer_id: str) -> list[SavedAddress]:
    accounts.get(tx, customer_id)
    return keeping.addresses(tx, customer_id)


def add_address(tx: Tx, customer_id: str, details: AddressDetails) -> SavedAddress:
    book = _lock_book(tx, customer_id)
    before = _defaults(book)
    address, added = book.add(tx.new_id(), details)
    keeping.save_addresses(tx, _changed(book, before, address.id))
    keeping.add_address(tx, address)
    tx.record(added)
    return address


def update_address(
    tx: Tx, customer_id: str, address_id: str, details: AddressDetails, *, if_match: str | None
) -> SavedAddress:
    book = _lock_book(tx, customer_id)
    require_match(if_match, etag(book.find(address_id).version))
    before = _defaults(book)
    address = book.update(address_id, details)
    keeping.save_addresses(tx, [*_changed(book, before, address.id), address])
    tx.record(ProfileUpdated(customer_id=customer_id, changed=["addresses"]))
    return address


def remove_address(tx: Tx, customer_id: str, address_id: str) -> None:
    book = _lock_book(tx, customer_id)
    before = _defaults(book)
    address = book.remove(address_id)
    keeping.remove_address(tx, address)
    keeping.save_addresses(tx, _changed(book, before, address.id))
    tx.record(ProfileUpdated(customer_id=customer_id, changed=["addresses"]))


def get_preferences(tx: Tx, customer_id: str) -> tuple[KeptPreferences, Language]:
    customer = accounts.get(tx, customer_id)
    return keeping.preferences(tx, customer_id), customer.language


def put_preferences(
    tx: Tx, customer_id: str, preferences: Preferences, language: Language | None, *, if_match: str | None
) -> tuple[KeptPreferences, Language]:
    """`language` None: stays."""
    customer = accounts.lock(tx, customer_id)
    kept = keeping.preferences(tx, customer_id)
    require_match(if_match, etag(kept.version))
    kept = kept.replaced_by(preferences, tx.now)
    keeping.keep_preferences(tx, customer_id, kept)
    changed = ["preferences"]
    if language is not None:
        updated = customer.update(ProfileChanges(language=language), tx.now)
        changed += updated.changed if updated is not None else []
        accounts.save(tx, customer)
    tx.record(ProfileUpdated(customer_id=customer_id, changed=changed))
    return kept, customer.language


def list_favourites(tx: Tx, customer_id: str) -> list[Favourite]:
    accounts.get(tx, customer_id)
    return keeping.favourites(tx, customer_id)


def add_favourite(tx: Tx, customer_id: str, product_id: str) -> None:
    """Adding again changes nothing."""
    accounts.lock(tx, customer_id)
    favourites = keeping.favourites(tx, customer_id)
    if product_id in {favourite.product_id for favourite in favourites}:
        return
    limit = tx.settings(CustomerSettings).favourites_per_customer
    if len(favourites) >= limit:
        raise TooManyFavourites(f"keep at most {limit} favourites")
    keeping.add_favourite(tx, customer_id, product_id)


def remove_favourite(tx: Tx, customer_id: str, product_id: str) -> None:
    """Removing what is not there changes nothing."""
    keeping.remove_favourite(tx, customer_id, product_id)


def _lock_book(tx: Tx, customer_id: str) -> AddressBook:
    """The customer's row is locked: one change of an address book at a time."""
    accounts.lock(tx, customer_id)
    return AddressBook(
        customer_id, keeping.addresses(tx, customer_id), tx.settings(CustomerSettings).addresses_per_customer
    )


def _defaults(book: AddressBook) -> dict[str, bool]:
    return {address.id: address.is_default for address in book.addresses}


def _changed(book: AddressBook, before: dict[str, bool], except_id: str) -> list[SavedAddress]:
    """Those that became the default or ceased to be it."""
    return [
        address
        for address in book.addresses
        if address.id != except_id and before.get(address.id) != address.is_default
    ]
