"""What a sign-in answers: tokens in the body and, for browsers, in cookies that scripts cannot read."""

import secrets
from typing import Any

from shikanji.kit.clock import DAY, SECOND
from shikanji.kit.service import Room
from shikanji.kit.web.identity import ACCESS_COOKIE
from shikanji.kit.web.routes import Incoming, Reply
from shikanji.services.customer.actions.failures import Caller
from shikanji.services.customer.actions.sessions import Device, SignedIn
from shikanji.services.customer.announcing import announce
from shikanji.services.customer.identity import ip_prefix
from shikanji.services.customer.model.account import Customer
from shikanji.services.customer.schemas import CustomerBrief, Grant
from shikanji.services.customer.settings import CustomerSettings
from shikanji.services.customer.signing import sign_access_token
from shikanji.services.customer.tokens import TOKEN_BYTES

REFRESH_COOKIE = "shikanji_refresh"
REFRESH_PATH = "/api/v1/auth"


def entropy() -> bytes:
    """For the first refresh token of a session."""
    return secrets.token_bytes(TOKEN_BYTES)


def device(incoming: Incoming[Any, Any]) -> Device:
    return Device(ip=incoming.client_ip, user_agent=incoming.headers.get("user-agent", ""))


def caller(room: Room, incoming: Incoming[Any, Any]) -> Caller:
    return Caller(ip_prefix(incoming.client_ip), limited=room.rate_limits)


async def grant(room: Room, signed_in: SignedIn) -> Reply:
    settings = room.settings(CustomerSettings)
    access_token = await sign_access_token(room, signed_in)
    await announce(room, signed_in.notices)
    granted = Grant(
        customer=brief(signed_in.customer),
        access_token=access_token,
        refresh_token=signed_in.refresh_token,
        expires_in=settings.access_token_seconds,
    )
    refresh_seconds = settings.refresh_token_days * DAY // SECOND
    cookies = [
        _cookie(room, ACCESS_COOKIE, access_token, "/", settings.access_token_seconds),
        _cookie(room, REFRESH_COOKIE, signed_in.refresh_token, REFRESH_PATH, refresh_seconds),
    ]
    return Reply(data=granted, cookies=cookies)


def no_cookies(room: Room) -> list[str]:
    """Takes both cookies from the browser."""
    return [_cookie(room, ACCESS_COOKIE, "", "/", 0), _cookie(room, REFRESH_COOKIE, "", REFRESH_PATH, 0)]


def brief(customer: Customer) -> CustomerBrief:
    return CustomerBrief(
        id=customer.id,
        name=customer.name,
        email=customer.email.identifier.value if customer.email else None,
        phone=customer.phone.identifier.value if customer.phone else None,
    )


def _cookie(room: Room, name: str, value: str, path: str, seconds: int) -> str:
    secure = "; Secure" if room.production else ""
    return f"{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
