"""Looking people up: for head office, and for the other services."""

from datetime import date

from shikanji.contracts.customer import Address, Contacts, OrderingCustomer, VerifiedAccount
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Invalid
from shikanji.services.customer.errors import AccountNotVerified, AddressNotFound
from shikanji.services.customer.identity import Identifier, parse_identifier
from shikanji.services.customer.model.account import Customer, birthdays_on
from shikanji.services.customer.model.keeping import AddressDetails, MessageChannel, default_channels
from shikanji.services.customer.repository import accounts, codes, keeping, sessions

FORGOTTEN_AT_ONCE_MAX = 500


def ordering_customer(tx: Tx, customer_id: str, address_id: str | None) -> OrderingCustomer:
    """Stands in the way of every order: one read, two with an address."""
    name, email, phone, language = accounts.contact(tx, customer_id)
    return OrderingCustomer(
        customer_id=customer_id,
        name=name,
        email=email,
        phone=phone,
        language=language,
        address=_address(tx, customer_id, address_id) if address_id is not None else None,
    )


def find_verified(tx: Tx, identifier: Identifier) -> VerifiedAccount:
    customer = accounts.find_verified(tx, identifier)
    if customer is None or customer.disabled_at is not None:
        raise AccountNotVerified
    return _account(customer)


def find_accounts(tx: Tx, account_ids: list[str]) -> list[VerifiedAccount]:
    return [_account(customer) for customer in accounts.find_many(tx, account_ids)]


def contacts(tx: Tx, account_ids: list[str]) -> list[Contacts]:
    """Of those that are not disabled, with what they chose; two reads, however many they are."""
    chosen = keeping.chosen_channels(tx, account_ids)
    return [
        _contacts(customer, *chosen.get(customer.id, (default_channels(), None)))
        for customer in accounts.find_many(tx, account_ids)
        if customer.disabled_at is None
    ]


def birthdays(tx: Tx, day: date, after: str, limit: int) -> list[str]:
    return accounts.born_on(tx, [born.isoformat() for born in birthdays_on(day)], after, limit)


def search(tx: Tx, text: str | None, *, disabled: bool | None, after: str | None, limit: int) -> list[Customer]:
    """By whole email or phone, or by part of a name; newest first."""
    identifier = _as_identifier(text) if text else None
    return accounts.search(tx, identifier=identifier, text=text, disabled=disabled, after=after, limit=limit)


def forget(tx: Tx, before: int) -> int:
    """Removes a batch of what nobody needs any more: lapsed sessions, tokens, codes, counters. How many rows went."""
    sessions_gone = sessions.forget(tx, before, FORGOTTEN_AT_ONCE_MAX)
    return sessions_gone + codes.forget(tx, before, FORGOTTEN_AT_ONCE_MAX)


def _address(tx: Tx, customer_id: str, address_id: str) -> Address:
    saved = keeping.address(tx, customer_id, address_id)
    if saved is None:
        raise AddressNotFound
    return _published(saved.details)


def _published(details: AddressDetails) -> Address:
    return Address(
        line1=details.line1,
        line2=details.line2,
        landmark=details.landmark,
        city=details.city,
        state=details.state,
        postal_code=details.postal_code,
        latitude=details.latitude,
        longitude=details.longitude,
    )


def _account(customer: Customer) -> VerifiedAccount:
    """Contacts are named only where they are proved."""
    email, phone = customer.email, customer.phone
    return VerifiedAccount(
        account_id=customer.id,
        name=customer.name,
        email=email.identifier.value if email is not None and email.verified_at is not None else None,
        phone=phone.identifier.value if phone is not None and phone.verified_at is not None else None,
    )


def _contacts(customer: Customer, channels: list[MessageChannel], marketing_since: int | None) -> Contacts:
    email, phone = customer.email, customer.phone
    return Contacts(
        account_id=customer.id,
        name=customer.name,
        email=email.identifier.value if email is not None else None,
        email_verified=email is not None and email.verified_at is not None,
        phone=phone.identifier.value if phone is not None else None,
        phone_verified=phone is not None and phone.verified_at is not None,
        language=customer.language,
        channels=channels,
        marketing_since=marketing_since,
    )


def _as_identifier(text: str) -> Identifier | None:
    try:
        return parse_identifier(text)
    except Invalid:
        return None
