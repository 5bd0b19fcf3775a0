"""What an operator may set of the gateway: `SHIKANJI_GATEWAY_<FIELD>`."""

from typing import Annotated

import msgspec

from shikanji.kit.web.decode import BODY_BYTES_MAX

Positive = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True):
    allowed_origins: tuple[str, ...] = ()
    """Other origins whose pages may call the API, `https://admin.example.in`. Our own needs no entry."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks whose X-Forwarded-For and X-Forwarded-Proto are believed, `10.0.0.0/8`."""

    anonymous_per_minute: Positive = 100
    """Per IPv4 address or IPv6 /64."""
    signed_in_per_minute: Positive = 1_000
    admin_per_minute: Positive = 5_000
    auth_per_minute: Positive = 30
    """Login, codes, resets: per address, whoever asks."""
    webhook_per_minute: Positive = 6_000

    body_bytes_max: Positive = BODY_BYTES_MAX
    body_seconds_max: Seconds = 20.0
    upstream_seconds_max: Seconds = 30.0
    cache_bytes_max: Positive = 33_554_432
    health_seconds: Seconds = 1.0
    """How often each copy of a service is asked whether it is ready; one that is not twice running gets no requests."""
    request_log: bool = True
