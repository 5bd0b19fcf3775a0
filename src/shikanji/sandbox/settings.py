"""What an operator may set of the fake payment company: `SHIKANJI_SANDBOX_<FIELD>`."""

from typing import Annotated

import msgspec

Secret = Annotated[str, msgspec.Meta(min_length=16)]


class SandboxSettings(msgspec.Struct, frozen=True, kw_only=True):
    key_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = "sandbox"
    key_secret: Secret | None = None
    """None: derived from the platform's secret, as payment does."""
    webhook_secret: Secret | None = None
    """None: derived likewise."""
    webhook_url: Annotated[str, msgspec.Meta(pattern=r"^https?://")] | None = None
    """Where webhooks go; None: the payment service behind the platform's public URL."""
    webhook_timeout_seconds: Annotated[int, msgspec.Meta(ge=1, le=60)] = 5
    webhook_hours_max: Annotated[int, msgspec.Meta(ge=1, le=72)] = 24
    """How long a webhook that nobody takes is repeated."""
