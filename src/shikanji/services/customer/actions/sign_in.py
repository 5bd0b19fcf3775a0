"""Ways in: register, password, code."""

import msgspec

from shikanji.kit.clock import HOUR, SECOND
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.services.customer.actions import codes, failures
from shikanji.services.customer.actions.accounts import create_account, prove
from shikanji.services.customer.actions.failures import Caller
from shikanji.services.customer.actions.sessions import Device, SignedIn, open_session
from shikanji.services.customer.errors import InvalidCredentials, TooManyRegistrations
from shikanji.services.customer.identity import Identifier
from shikanji.services.customer.model.account import Language
from shikanji.services.customer.repository import accounts
from shikanji.services.customer.repository import codes as counters
from shikanji.services.customer.settings import CustomerSettings


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    email: Identifier
    phone: Identifier
    password_hash: str
    language: Language


CLAIMANTS_MAX = 2


class Claimant(msgspec.Struct, frozen=True):
    """An account that the identifier may open. `password_hash` None: it has no password, or it does not exist."""

    customer_id: str | None
    password_hash: str | None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in by password. `subject` names the identifier as given, for the count of failures; `claimants` are
    always CLAIMANTS_MAX."""

    subject: str
    caller: Caller
    claimants: list[Claimant]


def check_registrations(tx: Tx, caller: Caller) -> None:
    """Before a password is hashed for nothing. Raises TooManyRegistrations."""
    if caller.limited:
        limit = tx.settings(CustomerSettings).registrations_per_ip_hour
        counters.check(tx, _registrations(caller), limit=limit, refusal=TooManyRegistrations)


def register(tx: Tx, registration: Registration, caller: Caller, entropy: bytes, device: Device) -> SignedIn:
    """A new account, whoever else holds the same email or phone: to be told would give away who is a customer. Nothing
    but the password opens an account until an identifier is proved. Raises TooManyRegistrations."""
    if caller.limited:
        limit = tx.settings(CustomerSettings).registrations_per_ip_hour
        counters.take(tx, _registrations(caller), limit=limit, seconds=HOUR // SECOND, refusal=TooManyRegistrations)
    customer = create_account(
        tx,
        name=registration.name,
        email=registration.email,
        phone=registration.phone,
        password_hash=registration.password_hash,
        language=registration.language,
    )
    signed_in = open_session(tx, customer, entropy, device)
    failpoint("customer.register.before_commit")
    return signed_in


def begin_login(tx: Tx, subject: str, identifier: Identifier | None, caller: Caller) -> Attempt:
    """Reads what the password is verified against, outside of this transaction. `identifier` None: what was given is
    no email and no phone. Raises TooManyFailures."""
    failures.check(tx, subject, caller)
    found = accounts.find_claimants(tx, identifier) if identifier is not None else []
    claimants = [Claimant(customer.id, customer.password_hash) for customer in found]
    nobody = [Claimant(None, None)] * (CLAIMANTS_MAX - len(claimants))
    return Attempt(subject=subject, caller=caller, claimants=claimants + nobody)


def fail_login(tx: Tx, attempt: Attempt) -> None:
    failures.count(tx, attempt.subject, attempt.caller)


def complete_login(tx: Tx, attempt: Attempt, claimant: Claimant, entropy: bytes, device: Device) -> SignedIn:
    """After the password of `claimant` was verified. Failures that were counted meanwhile count: of many guesses at
    once, none that comes after the limit gets in."""
    failures.check(tx, attempt.subject, attempt.caller)
    if claimant.customer_id is None:
        raise InvalidCredentials
    customer = accounts.lock(tx, claimant.customer_id)
    if customer.password_hash != claimant.password_hash:
        raise InvalidCredentials
    failures.forgive(tx, attempt.subject)
    return open_session(tx, customer, entropy, device)


def sign_in_by_code(
    tx: Tx, phone: Identifier, code: str, caller: Caller, entropy: bytes, device: Device
) -> SignedIn | None:
    """None: a wrong code. An unknown phone is registered, and so is one that others have named but never proved: they
    lose it, but who has the phone does not get their accounts."""
    if codes.check(tx, "sign-in", phone, code, caller) is None:
        return None
    holder = accounts.find_verified(tx, phone)
    if holder is not None:
        return open_session(tx, accounts.lock(tx, holder.id), entropy, device)
    customer = create_account(tx, name="", email=None, phone=phone, password_hash=None)
    notices = prove(tx, customer, phone)
    signed_in = open_session(tx, customer, entropy, device)
    signed_in.notices.extend(notices)
    return signed_in


def begin_password_check(tx: Tx, customer_id: str, caller: Caller) -> Attempt:
    """As `begin_login`, for who is signed in and must show that it is still the owner: the only claimant."""
    customer = accounts.get(tx, customer_id)
    failures.check(tx, customer_id, caller)
    return Attempt(subject=customer_id, caller=caller, claimants=[Claimant(customer_id, customer.password_hash)])


def _registrations(caller: Caller) -> str:
    return counters.counter_name("registrations-ip", caller.ip)
