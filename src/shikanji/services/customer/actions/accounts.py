"""Accounts: made, proved, changed, disabled."""

import msgspec

from shikanji.contracts.customer import AccessChanged, RevocationNotice
from shikanji.kit.auth import Role
from shikanji.kit.db.tx import Tx
from shikanji.kit.web.etags import etag, require_match
from shikanji.services.customer.actions import codes, failures
from shikanji.services.customer.actions.failures import Caller
from shikanji.services.customer.actions.sessions import end_all
from shikanji.services.customer.errors import AccountDisabled, IdentifierTaken, OwnAccount, WrongPassword
from shikanji.services.customer.identity import Channel, Identifier
from shikanji.services.customer.model.account import Customer, Language, ProfileChanges
from shikanji.services.customer.repository import access, accounts

RELEASE_IDENTIFIER = "release-identifier"
RELEASED_AT_ONCE_MAX = 100


class ReleaseIdentifier(msgspec.Struct, frozen=True):
    """The rest of a long list of accounts that lose an identifier."""

    identifier: Identifier
    owner_id: str


def create_account(
    tx: Tx,
    *,
    name: str,
    email: Identifier | None,
    phone: Identifier | None,
    password_hash: str | None,
    language: Language = "en",
    verified: bool = False,
    admin: bool = False,
) -> Customer:
    """A new account. `verified`: who makes it vouches for the identifiers, or they were just proved; raises
    IdentifierTaken when another account has proved one."""
    customer, registered = Customer.register(
        tx.new_id(),
        name=name,
        email=email,
        phone=phone,
        password_hash=password_hash,
        language=language,
        at=tx.now,
    )
    customer.admin = admin
    accounts.add(tx, customer)
    tx.record(registered)
    if verified:
        for contact in customer.contacts:
            prove(tx, customer, contact.identifier)
    return customer


def prove(tx: Tx, customer: Customer, identifier: Identifier) -> list[RevocationNotice]:
    """`customer` (locked) has proved `identifier`: it is taken from all who had not, and their sessions end."""
    holder = accounts.find_verified(tx, identifier)
    if holder is not None and holder.id != customer.id:
        raise IdentifierTaken
    verified = customer.verify(identifier, tx.now)
    accounts.save(tx, customer)
    if verified is not None:
        tx.record(verified)
    return release_identifier(tx, ReleaseIdentifier(identifier, customer.id))


def release_identifier(tx: Tx, release: ReleaseIdentifier) -> list[RevocationNotice]:
    """Takes the identifier from who holds it unproved: a hundred now, the others by a timer."""
    identifier = release.identifier
    losers = accounts.others_unproved(tx, identifier, release.owner_id, RELEASED_AT_ONCE_MAX)
    notices = [notice for loser_id in losers for notice in _lose(tx, loser_id, identifier)]
    if len(losers) == RELEASED_AT_ONCE_MAX:
        tx.schedule(RELEASE_IDENTIFIER, identifier.key, tx.now, release)
    return notices


def verify_identifier(
    tx: Tx, customer_id: str, channel: Channel, code: str, caller: Caller
) -> list[RevocationNotice] | None:
    """None: a wrong code."""
    identifier = accounts.get(tx, customer_id).to_verify(channel)
    if codes.check(tx, "verify", identifier, code, caller, account_id=customer_id) is None:
        return None
    return prove(tx, accounts.lock(tx, customer_id), identifier)


def reset_password(
    tx: Tx, identifier: Identifier, code: str, password_hash: str, caller: Caller
) -> list[RevocationNotice] | None:
    """Ends every session of the account, and forgives the failures that led here. None: a wrong code."""
    challenge = codes.check(tx, "reset", identifier, code, caller)
    if challenge is None or challenge.account_id is None:
        return None
    customer = accounts.lock(tx, challenge.account_id)
    if customer.disabled_at is not None:
        raise AccountDisabled
    tx.record(*customer.recover(identifier, password_hash, tx.now))
    failures.forgive(tx, identifier.key)
    return prove(tx, customer, identifier) + end_all(tx, customer.id, "password")


def change_password(
    tx: Tx, customer_id: str, session_id: str, *, verified_hash: str | None, new_hash: str
) -> list[RevocationNotice]:
    """`verified_hash` is what the current password was verified against. Every other session ends."""
    customer = accounts.lock(tx, customer_id)
    if customer.password_hash != verified_hash:
        raise WrongPassword.field("currentPassword", "has been changed meanwhile")
    customer.password_hash = new_hash
    accounts.save(tx, customer)
    return end_all(tx, customer_id, "password", except_id=session_id)


def update_profile(
    tx: Tx, customer_id: str, changes: ProfileChanges, *, if_match: str | None, verified_hash: str | None
) -> Customer:
    """`verified_hash`: the hash that the current password was verified against, if one was given. An account with a
    password, once proved, is given another email or phone only by who knows it."""
    customer = accounts.lock(tx, customer_id)
    require_match(if_match, etag(customer.version))
    if customer.changes_ways_in(changes) and customer.password_hash != verified_hash:
        raise WrongPassword.field("currentPassword", "is needed to change the email or phone of a verified account")
    updated = customer.update(changes, tx.now)
    if updated is not None:
        accounts.save(tx, customer)
        tx.record(updated)
    return customer


def set_disabled(tx: Tx, customer_id: str, disabled: bool, by: str) -> tuple[Customer, list[RevocationNotice]]:
    """Disabling ends every session at once. Repeating changes nothing."""
    if customer_id == by:
        raise OwnAccount
    customer = accounts.lock(tx, customer_id)
    changed = customer.disable(tx.now) if disabled else customer.enable(tx.now)
    notices = _save_access(tx, customer, changed)
    if disabled:
        notices += end_all(tx, customer_id, "disabled")
    return customer, notices


def set_admin(tx: Tx, customer_id: str, admin: bool) -> list[RevocationNotice]:
    customer = accounts.lock(tx, customer_id)
    return _save_access(tx, customer, customer.set_admin(admin, tx.now))


def change_roles(tx: Tx, account_id: str) -> list[RevocationNotice]:
    """Tokens that carry the old roles are no good any more. Nothing happens for an account that is not here."""
    if accounts.find(tx, account_id) is None:
        return []
    customer = accounts.lock(tx, account_id)
    return _save_access(tx, customer, customer.change_access(tx.now))


def get_with_roles(tx: Tx, customer_id: str) -> tuple[Customer, dict[str, Role]]:
    return accounts.get(tx, customer_id), access.roles(tx, customer_id)


def _lose(tx: Tx, loser_id: str, identifier: Identifier) -> list[RevocationNotice]:
    loser = accounts.lock(tx, loser_id)
    contact = loser.contact(identifier.channel)
    if not loser.holds(identifier) or contact is None or contact.verified_at is not None:
        return []
    lost = loser.lose(identifier.channel)
    accounts.save(tx, loser)
    tx.record(lost)
    return end_all(tx, loser_id, "identifier-taken")


def _save_access(tx: Tx, customer: Customer, changed: AccessChanged | None) -> list[RevocationNotice]:
    if changed is None:
        return []
    accounts.save(tx, customer)
    tx.record(changed)
    return [RevocationNotice(account_id=customer.id, minimum_version=changed.minimum_version)]
