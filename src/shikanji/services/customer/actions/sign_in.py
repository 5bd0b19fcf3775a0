"""Ways in: register, password, code."""

import msgspec

from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.services.customer.actions import codes as code_actions
from shikanji.services.customer.actions.accounts import create_account, prove
from shikanji.services.customer.actions.codes import Caller
from shikanji.services.customer.actions.sessions import Device, SignedIn, open_session
from shikanji.services.customer.errors import InvalidCredentials, TooManyFailures
from shikanji.services.customer.identity import Identifier
from shikanji.services.customer.model.account import Language
from shikanji.services.customer.repository import accounts, codes
from shikanji.services.customer.settings import CustomerSettings


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    email: Identifier
    phone: Identifier
    password_hash: str
    language: Language


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in by password. `subject` names the identifier as given, for the count of failures."""

    subject: str
    caller: Caller
    customer_id: str | None = None
    password_hash: str | None = None
    """What the password is to be verified against; None: there is no such account, or it has no password."""


def register(tx: Tx, registration: Registration, entropy: bytes, device: Device) -> SignedIn:
    """A new account, whoever else holds the same email or phone: to be told would give away who is a customer. Nothing
    but the password opens an account until an identifier is proved."""
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
    attempt = Attempt(subject=subject, caller=caller)
    _check_failures(tx, attempt)
    holder = accounts.find_holder(tx, identifier) if identifier is not None else None
    if holder is None:
        return attempt
    return msgspec.structs.replace(attempt, customer_id=holder.id, password_hash=holder.password_hash)


def fail_login(tx: Tx, attempt: Attempt) -> None:
    """Counts a failure against the identifier, known or not, and against the address it came from."""
    settings = tx.settings(CustomerSettings)
    window_seconds = settings.login_failure_window_seconds
    by_identifier, by_ip = _failure_counters(attempt)
    codes.take(
        tx,
        by_identifier,
        limit=settings.login_failures_per_identifier,
        seconds=window_seconds,
        refusal=TooManyFailures,
    )
    codes.count(tx, by_ip, limit=settings.login_failures_per_ip, seconds=window_seconds)


def complete_login(tx: Tx, attempt: Attempt, entropy: bytes, device: Device) -> SignedIn:
    """After the password was verified. Failures that were counted meanwhile count: of many guesses at once, none that
    comes after the limit gets in."""
    _check_failures(tx, attempt)
    if attempt.customer_id is None:
        raise InvalidCredentials
    customer = accounts.lock(tx, attempt.customer_id)
    if customer.password_hash != attempt.password_hash:
        raise InvalidCredentials
    codes.clear(tx, _failure_counters(attempt)[0])
    return open_session(tx, customer, entropy, device)


def sign_in_by_code(
    tx: Tx, phone: Identifier, code: str, caller: Caller, entropy: bytes, device: Device
) -> SignedIn | None:
    """None: a wrong code. An unknown phone is registered, and so is one that others have named but never proved: they
    lose it, but who has the phone does not get their accounts."""
    if code_actions.check(tx, "sign-in", phone, code, caller) is None:
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
    """As `begin_login`, for who is signed in and must show that it is still the owner."""
    customer = accounts.get(tx, customer_id)
    attempt = Attempt(subject=customer_id, caller=caller, customer_id=customer_id, password_hash=customer.password_hash)
    _check_failures(tx, attempt)
    return attempt


def _check_failures(tx: Tx, attempt: Attempt) -> None:
    settings = tx.settings(CustomerSettings)
    by_identifier, by_ip = _failure_counters(attempt)
    codes.check(tx, by_identifier, limit=settings.login_failures_per_identifier, refusal=TooManyFailures)
    codes.check(tx, by_ip, limit=settings.login_failures_per_ip, refusal=TooManyFailures)


def _failure_counters(attempt: Attempt) -> tuple[str, str]:
    return codes.counter_name("failures", attempt.subject), codes.counter_name("failures-ip", attempt.caller.ip)
