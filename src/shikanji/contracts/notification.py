"""What the notification service tells and answers. Its events say that somebody was written to, never where or what."""

from typing import ClassVar, Literal

import msgspec

from shikanji.kit.calls import Call
from shikanji.kit.events import Event

MessageChannel = Literal["in-app", "email", "sms", "push"]


class NotificationSent(Event, frozen=True, kw_only=True):
    """A provider has taken a message; in-app messages are told of only where consent had to be asked first."""

    aggregate: ClassVar[str] = "delivery_id"
    delivery_id: str
    notification_id: str
    customer_id: str | None
    """None: a code for somebody who has no account yet."""
    kind: str
    channel: MessageChannel
    attempts: int


class NotificationFailed(Event, frozen=True, kw_only=True):
    """It will not be sent any more, or the provider could not deliver it."""

    aggregate: ClassVar[str] = "delivery_id"
    delivery_id: str
    notification_id: str
    customer_id: str | None
    kind: str
    channel: MessageChannel
    attempts: int
    reason: str


class CodeSent(msgspec.Struct, frozen=True, kw_only=True):
    sent: bool
    """False: nobody is to have a code any more."""


class SendCode(Call[CodeSent], frozen=True, kw_only=True):
    """Sends the code of a challenge before it answers; a repeat carries the same code under the same key. Refusal:
    unavailable, when the provider did not take it."""

    service: ClassVar[str] = "notification"
    returns: ClassVar[type] = CodeSent
    challenge_id: str
