"""The providers that this platform works with."""

from shikanji.kit.service import Room
from shikanji.services.payment.errors import UnknownProvider
from shikanji.services.payment.model.payment import CASH
from shikanji.services.payment.providers.cash import Cash
from shikanji.services.payment.providers.port import Provider, Refunder
from shikanji.services.payment.providers.sandbox import Sandbox, SandboxCredentials
from shikanji.services.payment.settings import PaymentSettings


def provider(room: Room, name: str) -> Provider:
    """Who takes money over the network. Raises UnknownProvider."""
    if name == Sandbox.name and not room.production:
        return Sandbox(room.http, _sandbox_credentials(room))
    raise UnknownProvider.field("provider", "is not offered")


def refunder(room: Room, name: str) -> Refunder:
    """Who gives money back for payments of this provider."""
    return Cash() if name == CASH else provider(room, name)


def _sandbox_credentials(room: Room) -> SandboxCredentials:
    settings = room.settings(PaymentSettings)
    webhook_secret = _secret(room, settings.sandbox_webhook_secret, "sandbox-webhook")
    previous = settings.sandbox_webhook_secret_previous
    return SandboxCredentials(
        url=(settings.sandbox_url or room.public_url).rstrip("/"),
        checkout_url=room.public_url,
        key_id=settings.sandbox_key_id,
        key_secret=_secret(room, settings.sandbox_key_secret, "sandbox-key"),
        webhook_secrets=(webhook_secret,) if previous is None else (webhook_secret, previous.encode()),
        timeout_seconds=settings.provider_timeout_seconds,
        tolerance_seconds=settings.webhook_tolerance_seconds,
    )


def _secret(room: Room, given: str | None, purpose: str) -> bytes:
    return given.encode() if given is not None else room.secrets.derive(purpose).hex().encode()
