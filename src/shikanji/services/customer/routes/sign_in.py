"""Ways in: register, password, code, refresh token."""

from shikanji.kit.errors import Invalid, Unavailable
from shikanji.kit.service import Room
from shikanji.kit.web.identity import CrossOrigin, read_cookie, require_same_origin
from shikanji.kit.web.routes import Incoming, RateClass, Reply, Who
from shikanji.services.customer import passwords
from shikanji.services.customer.actions import codes, sessions, sign_in
from shikanji.services.customer.announcing import announce
from shikanji.services.customer.errors import (
    AccountDisabled,
    InvalidCode,
    InvalidCredentials,
    InvalidRefreshToken,
    NoCodesThere,
    TooManyCodes,
    TooManyFailures,
    TooManyRegistrations,
    WeakPassword,
)
from shikanji.services.customer.identity import Identifier, clean_text, parse_email, parse_identifier, parse_phone
from shikanji.services.customer.routes.declared import routes
from shikanji.services.customer.routes.granting import REFRESH_COOKIE, caller, device, entropy, grant
from shikanji.services.customer.schemas import (
    CodeSent,
    Grant,
    Login,
    Refresh,
    Register,
    RequestSignInCode,
    SignInByCode,
)


@routes.post(
    "/api/v1/auth/register",
    body=Register,
    returns=Grant,
    status=201,
    who=Who.ANYONE,
    rate=RateClass.AUTH,
    raises=(WeakPassword, TooManyRegistrations, Invalid, Unavailable),
)
async def register(room: Room, incoming: Incoming[Register, None]) -> Reply:
    """Opens an account and signs in to it.

    Succeeds whoever else uses the same email or phone: both are unverified until a code proves them."""
    body = incoming.body
    name, email, phone = clean_text(body.name, "name"), parse_email(body.email), parse_phone(body.phone)
    passwords.check_strength(body.password, name, email.value, email.key.split("@")[0], phone.value)
    at = caller(room, incoming)
    await room.db.read(sign_in.check_registrations, at)
    registration = sign_in.Registration(
        name=name,
        email=email,
        phone=phone,
        password_hash=await room.compute.run(passwords.hash_password, body.password),
        language=body.language,
    )
    return await grant(room, await room.db.write(sign_in.register, registration, at, entropy(), device(incoming)))


@routes.post(
    "/api/v1/auth/login",
    body=Login,
    returns=Grant,
    who=Who.ANYONE,
    rate=RateClass.AUTH,
    raises=(InvalidCredentials, AccountDisabled, TooManyFailures, Unavailable),
)
async def login(room: Room, incoming: Incoming[Login, None]) -> Reply:
    """Signs in by email or phone, and password."""
    identifier = _identifier(incoming.body.identifier)
    subject = identifier.key if identifier is not None else incoming.body.identifier.casefold()
    attempt = await room.db.read(sign_in.begin_login, subject, identifier, caller(room, incoming))
    hashes = [claimant.password_hash for claimant in attempt.claimants]
    match = await room.compute.run(passwords.first_match, incoming.body.password, hashes)
    if match is None:
        await room.db.write(sign_in.fail_login, attempt)
        raise InvalidCredentials
    claimant = attempt.claimants[match]
    return await grant(
        room, await room.db.write(sign_in.complete_login, attempt, claimant, entropy(), device(incoming))
    )


@routes.post(
    "/api/v1/auth/refresh",
    body=Refresh,
    returns=Grant,
    who=Who.ANYONE,
    rate=RateClass.AUTH,
    raises=(InvalidRefreshToken, CrossOrigin),
)
async def refresh(room: Room, incoming: Incoming[Refresh, None]) -> Reply:
    """Exchanges a refresh token for new tokens.

    It is good once. Within ten seconds a client that missed the answer may show it again and gets the same successor;
    otherwise a second showing ends the session, because two hold the token."""
    rotation = await room.db.write(sessions.rotate, _refresh_token(room, incoming))
    if rotation.signed_in is None:
        await announce(room, rotation.notices)
        raise InvalidRefreshToken
    return await grant(room, rotation.signed_in)


@routes.post(
    "/api/v1/auth/otp",
    body=RequestSignInCode,
    returns=CodeSent,
    who=Who.ANYONE,
    rate=RateClass.AUTH,
    raises=(NoCodesThere, TooManyCodes, Invalid),
)
async def request_sign_in_code(room: Room, incoming: Incoming[RequestSignInCode, None]) -> CodeSent:
    """Sends a sign-in code to a phone, known or not."""
    phone = parse_phone(incoming.body.phone)
    return CodeSent(expires_in=await room.db.write(codes.request_sign_in, phone, caller(room, incoming)))


@routes.post(
    "/api/v1/auth/otp/verify",
    body=SignInByCode,
    returns=Grant,
    who=Who.ANYONE,
    rate=RateClass.AUTH,
    raises=(InvalidCode, AccountDisabled, TooManyFailures, Invalid),
)
async def sign_in_by_code(room: Room, incoming: Incoming[SignInByCode, None]) -> Reply:
    """Signs in by the code sent to a phone; an unknown phone is registered.

    A code is good once, for ten minutes and five guesses."""
    phone = parse_phone(incoming.body.phone)
    signed_in = await room.db.write(
        sign_in.sign_in_by_code, phone, incoming.body.code, caller(room, incoming), entropy(), device(incoming)
    )
    if signed_in is None:
        raise InvalidCode
    return await grant(room, signed_in)


def _identifier(text: str) -> Identifier | None:
    """None: no email and no phone, which is answered as if it were unknown."""
    try:
        return parse_identifier(text)
    except Invalid:
        return None


def _refresh_token(room: Room, incoming: Incoming[Refresh, None]) -> str:
    if incoming.body.refresh_token is not None:
        return incoming.body.refresh_token
    token = read_cookie(incoming.headers.get("cookie", ""), REFRESH_COOKIE)
    if token is None:
        raise InvalidRefreshToken
    require_same_origin(incoming.headers, room.public_url)
    return token
