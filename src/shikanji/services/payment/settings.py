"""What an operator may set of the payment service: `SHIKANJI_PAYMENT_<FIELD>`."""

from typing import Annotated, Literal

import msgspec

Secret = Annotated[str, msgspec.Meta(min_length=16)]


class PaymentSettings(msgspec.Struct, frozen=True, kw_only=True):
    default_provider: Literal["sandbox"] = "sandbox"
    """Who takes online payments when the client names nobody."""
    attempts_max: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 20
    """Attempts to pay for one order."""
    provider_timeout_seconds: Annotated[int, msgspec.Meta(ge=1, le=12)] = 5
    """Twice this fits into the lease of an Idempotency-Key."""
    check_after_minutes: Annotated[int, msgspec.Meta(ge=1, le=1_440)] = 15
    """How long an open payment waits for its webhook before the provider is asked; again as often for an hour."""
    check_days: Annotated[int, msgspec.Meta(ge=1, le=30)] = 3
    """How long every payment is compared with the provider's books, once a day."""
    unknown_check_seconds: Annotated[int, msgspec.Meta(ge=1, le=300)] = 60
    """How soon an unknown outcome is looked up again."""
    refund_retry_hours: Annotated[int, msgspec.Meta(ge=1, le=168)] = 24
    """When a refund that the provider refused is asked for again."""
    webhook_tolerance_seconds: Annotated[int, msgspec.Meta(ge=1, le=3_600)] = 300
    webhook_bytes_max: Annotated[int, msgspec.Meta(ge=1_024)] = 65_536
    webhook_attempts_max: Annotated[int, msgspec.Meta(ge=1, le=100)] = 12
    """After so many looks (1 s doubling to 5 min) a webhook about nothing that we know is laid aside."""
    webhook_days: Annotated[int, msgspec.Meta(ge=31, le=3_650)] = 90
    """How long webhooks are kept that were understood, or that are none of our business: longer than any provider
    repeats them, and than payments are compared with its books."""
    webhook_silence_minutes: Annotated[int, msgspec.Meta(ge=1, le=1_440)] = 60
    """Payments but no webhook for so long: alarm."""
    invoice_batch_seconds: Annotated[int, msgspec.Meta(ge=1, le=300)] = 5
    """Invoices of a store that come due within so long are issued together; who asks for one has it at once."""
    sandbox_url: Annotated[str, msgspec.Meta(pattern=r"^https?://")] | None = None
    """Base URL of the sandbox company; None: the platform's public URL."""
    sandbox_key_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = "sandbox"
    sandbox_key_secret: Secret | None = None
    """None: derived from the platform's secret, as the sandbox does."""
    sandbox_webhook_secret: Secret | None = None
    """None: derived likewise."""
    sandbox_webhook_secret_previous: Secret | None = None
    """Still accepted while the company changes over."""
