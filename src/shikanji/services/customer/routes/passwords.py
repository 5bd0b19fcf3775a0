"""Passwords changed and reset, emails and phones verified."""

from typing import Any

from shikanji.kit.errors import Invalid, Unavailable
from shikanji.kit.service import Room
from shikanji.kit.web.routes import Incoming, RateClass, Who
from shikanji.services.customer import passwords
from shikanji.services.customer.actions import accounts, codes, sign_in
from shikanji.services.customer.announcing import announce
from shikanji.services.customer.errors import (
    AccountDisabled,
    IdentifierTaken,
    NoCodesThere,
    NothingToVerify,
    TooManyCodes,
    TooManyFailures,
    WeakPassword,
    WrongCode,
    WrongPassword,
)
from shikanji.services.customer.identity import parse_identifier
from shikanji.services.customer.routes.declared import routes
from shikanji.services.customer.routes.granting import caller
from shikanji.services.customer.schemas import (
    ChangePassword,
    CodeSent,
    RequestReset,
    RequestVerification,
    ResetPassword,
    Verify,
)


@routes.put(
    "/api/v1/auth/password",
    body=ChangePassword,
    who=Who.SIGNED_IN,
    rate=RateClass.AUTH,
    raises=(WrongPassword, WeakPassword, TooManyFailures, Unavailable),
)
async def change_password(room: Room, incoming: Incoming[ChangePassword, None]) -> None:
    """Changes the caller's password and ends every other session."""
    principal, body = incoming.principal, incoming.body
    passwords.check_strength(body.new_password, field="newPassword")
    verified_hash = await check_password(room, incoming, body.current_password)
    notices = await room.db.write(
        accounts.change_password,
        principal.account_id,
        principal.session_id,
        verified_hash=verified_hash,
        new_hash=await room.compute.run(passwords.hash_password, body.new_password),
    )
    await announce(room, notices)


@routes.post(
    "/api/v1/auth/password/reset",
    body=RequestReset,
    returns=CodeSent,
    who=Who.ANYONE,
    rate=RateClass.AUTH,
    raises=(NoCodesThere, TooManyCodes, Invalid),
)
async def request_reset(room: Room, incoming: Incoming[RequestReset, None]) -> CodeSent:
    """Sends a code for a new password, to an account's email or phone.

    The answer is the same when there is no such account."""
    identifier = parse_identifier(incoming.body.identifier)
    return CodeSent(expires_in=await room.db.write(codes.request_reset, identifier, caller(room, incoming)))


@routes.post(
    "/api/v1/auth/password/reset/confirm",
    body=ResetPassword,
    who=Who.ANYONE,
    rate=RateClass.AUTH,
    raises=(WrongCode, WeakPassword, AccountDisabled, IdentifierTaken, TooManyFailures, Invalid, Unavailable),
)
async def reset_password(room: Room, incoming: Incoming[ResetPassword, None]) -> None:
    """Sets a new password and ends every session of the account."""
    body = incoming.body
    identifier = parse_identifier(body.identifier)
    passwords.check_strength(body.new_password, identifier.value, field="newPassword")
    new_hash = await room.compute.run(passwords.hash_password, body.new_password)
    notices = await room.db.write(accounts.reset_password, identifier, body.code, new_hash, caller(room, incoming))
    if notices is None:
        raise WrongCode
    await announce(room, notices)


@routes.post(
    "/api/v1/auth/verification",
    body=RequestVerification,
    returns=CodeSent,
    who=Who.SIGNED_IN,
    rate=RateClass.AUTH,
    raises=(NothingToVerify, NoCodesThere, TooManyCodes),
)
async def request_verification(room: Room, incoming: Incoming[RequestVerification, None]) -> CodeSent:
    """Sends a code to the caller's own email or phone."""
    expires_in = await room.db.write(
        codes.request_verification,
        incoming.principal.account_id,
        incoming.body.channel,
        caller(room, incoming),
    )
    return CodeSent(expires_in=expires_in)


@routes.post(
    "/api/v1/auth/verification/confirm",
    body=Verify,
    who=Who.SIGNED_IN,
    rate=RateClass.AUTH,
    raises=(WrongCode, NothingToVerify, IdentifierTaken, TooManyFailures),
)
async def verify(room: Room, incoming: Incoming[Verify, None]) -> None:
    """Proves the caller's email or phone by the code sent to it.

    Accounts that use the same one without having proved it lose it, and their sessions end."""
    notices = await room.db.write(
        accounts.verify_identifier,
        incoming.principal.account_id,
        incoming.body.channel,
        incoming.body.code,
        caller(room, incoming),
    )
    if notices is None:
        raise WrongCode
    await announce(room, notices)


async def check_password(room: Room, incoming: Incoming[Any, Any], given: str | None) -> str | None:
    """The hash that the caller's current password was verified against; None where the account has no password. Raises
    WrongPassword, and counts it."""
    attempt = await room.db.read(sign_in.begin_password_check, incoming.principal.account_id, caller(room, incoming))
    (claimant,) = attempt.claimants
    if claimant.password_hash is None:
        return None
    if given is None:
        raise WrongPassword.field("currentPassword", "is needed")
    if not await room.compute.run(passwords.verify_password, given, claimant.password_hash):
        await room.db.write(sign_in.fail_login, attempt)
        raise WrongPassword.field("currentPassword", "is wrong")
    return claimant.password_hash
