"""What an operator may set of the notification service: `SHIKANJI_NOTIFICATION_<FIELD>`."""

from datetime import time
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from shikanji.kit.clock import DAY
from shikanji.kit.settings import TimeZone

_CLOCK = {"form": "a time of day: 21:00"}
_IDS = {"form": "kinds of messages with their ids: code-sign-in=1107160000000000001,order-ready=1107…"}
_URL = {"form": "an address without a path, such as https://api.twilio.com"}

Clock = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", extra=_CLOCK)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Address = Annotated[str, msgspec.Meta(pattern=r"^https?://[^/\s]+$", extra=_URL)]
Pem = Annotated[str, msgspec.Meta(min_length=32)]


INBOX_DAYS_MIN = 30
"""The audit asks for every message that is younger."""
LOG_DAYS_MIN = 365
"""Logs are kept for a year at least, and no shorter than what they are about."""


class NotificationSettings(msgspec.Struct, frozen=True, kw_only=True):
    time_zone: TimeZone = "Asia/Kolkata"
    """Whose clock counts where a message is about no store."""
    quiet_from: Clock = "21:00"
    """From here on advertising, and SMS and push messages that are not urgent, wait."""
    quiet_until: Clock = "10:00"
    """The same as `quiet_from`: there are no quiet hours."""
    review_prompt_minutes: Annotated[int, msgspec.Meta(ge=0, le=10_080)] = 60
    """How long after the hand-over a customer is asked for a review."""
    attempts_max: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 20
    """After so many attempts (1 s doubling to 5 min) a message is given up."""
    timeout_seconds: Annotated[int, msgspec.Meta(ge=1, le=8)] = 8
    """How long a provider may take to answer."""
    inbox_days: Annotated[int, msgspec.Meta(ge=INBOX_DAYS_MIN, le=LOG_DAYS_MIN)] = 90
    """How long everybody's messages can be read, and why one was not sent."""
    log_days: Annotated[int, msgspec.Meta(ge=LOG_DAYS_MIN, le=3_650)] = 400
    """How long is kept what was sent to whom, on which way, and what became of it."""
    order_days: Annotated[int, msgspec.Meta(ge=LOG_DAYS_MIN, le=3_650)] = 400
    """How long after it was placed an order's number and lines can stand in a message: those of a refund come late."""
    devices_max: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    """Push subscriptions of one customer."""
    callback_bytes_max: Annotated[int, msgspec.Meta(ge=1_024)] = 262_144
    callback_tolerance_seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 600
    """How old a signed callback may be."""
    sendgrid_key: Word | None = None
    """Mail goes through SendGrid instead of SMTP."""
    sendgrid_url: Address = "https://api.sendgrid.com"
    sendgrid_callback_key: Word | None = None
    """The public key of SendGrid's signed event webhook (base64); None: its callbacks are refused."""
    twilio_account: Word | None = None
    """Account SID; with `twilio_token` and `twilio_sender` SMS go through Twilio."""
    twilio_token: Word | None = None
    twilio_sender: Word | None = None
    """The header (sender id) that is registered for DLT, or a phone number."""
    twilio_url: Address = "https://api.twilio.com"
    dlt_entity_id: Annotated[str, msgspec.Meta(pattern=r"^\d{10,25}$")] | None = None
    """The principal entity as registered for DLT. Set: no SMS is sent whose kind has no id in `dlt_template_ids`."""
    dlt_template_ids: Annotated[str, msgspec.Meta(pattern=r"^([a-z-]+=\d+(,[a-z-]+=\d+)*)?$", extra=_IDS)] = ""
    push_hosts: tuple[str, ...] = (
        "fcm.googleapis.com",
        "push.services.mozilla.com",
        "notify.windows.com",
        "web.push.apple.com",
    )
    """Push services that browsers may name; also every host under these."""
    vapid_private_key: Pem | None = None
    """PEM (PKCS 8) of the P-256 key for Web Push; None: push messages go to the development outbox, or nowhere."""
    vapid_contact: Annotated[str, msgspec.Meta(pattern=r"^(mailto:|https://)")] = "mailto:orders@shikanji.test"
    """How push services reach whoever runs this platform."""
    fcm_project: Word | None = None
    """With `fcm_client_email` and `fcm_private_key`, as in the service account's file, apps are reached through FCM."""
    fcm_client_email: Word | None = None
    fcm_private_key: Pem | None = None
    """PEM of the service account's RSA key."""
    fcm_url: Address = "https://fcm.googleapis.com"
    fcm_token_url: Address = "https://oauth2.googleapis.com"  # noqa: S105 (an address)

    @property
    def inbox_time(self) -> int:
        return self.inbox_days * DAY

    @property
    def log_time(self) -> int:
        return self.log_days * DAY

    @property
    def order_time(self) -> int:
        return self.order_days * DAY

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def quiet(self) -> tuple[time, time]:
        return time.fromisoformat(self.quiet_from), time.fromisoformat(self.quiet_until)

    @property
    def dlt_templates(self) -> dict[str, str]:
        """Kind → the id under which its text is registered."""
        pairs = (part.partition("=") for part in self.dlt_template_ids.split(",") if part)
        return {kind: registered for kind, _, registered in pairs}
