"""A message to one person, and each of its ways there."""

from typing import Any, Literal

import msgspec

from shikanji.contracts.notification import MessageChannel, NotificationFailed, NotificationSent

DeliveryState = Literal["waiting", "sent", "delivered", "failed", "skipped"]
REASON_CHARACTERS_MAX = 200


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is to be told. `key` says of what fact: nobody is told twice of one. `data` are ids, amounts and
    words, never contacts."""

    customer_id: str
    key: str
    kind: str
    order_id: str | None = None
    store_id: str | None = None
    data: dict[str, Any] = {}
    channels: tuple[MessageChannel, ...] | None = None
    """None: all that the kind has."""


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """A row of somebody's inbox; `shown` 0: it goes other ways only."""

    customer_id: str
    id: str
    key: str
    kind: str
    order_id: str | None
    store_id: str | None
    data: bytes
    shown: int
    created_at: int
    read_at: int | None


class Delivery(msgspec.Struct, kw_only=True):
    """One message on one way. `attempts` fences: who was overtaken by a later attempt changes nothing any more.
    `asked_at` is set while an attempt runs and stays when nobody knows what came of it; `unknowns` counts those.
    `recipient` is masked. `consent_at`: since when there was consent to what is sent only with it (µs)."""

    id: str
    notification_id: str
    customer_id: str
    channel: MessageChannel
    kind: str
    store_id: str | None
    state: DeliveryState
    due_at: int
    attempts: int
    asked_at: int | None
    unknowns: int
    recipient: str | None
    provider: str | None
    provider_id: str | None
    consent_at: int | None
    error: str | None
    created_at: int
    ended_at: int | None

    def take(self, at: int, outcome: "Outcome") -> NotificationSent | NotificationFailed | None:
        """What came of the attempt that was just made."""
        self.state, self.error = outcome.state, outcome.error
        self.asked_at = self.asked_at if outcome.unknown else None
        self.recipient = outcome.recipient or self.recipient
        self.provider, self.provider_id = outcome.provider or self.provider, outcome.provider_id or self.provider_id
        self.consent_at = outcome.consent_at
        if self.state == "waiting":
            self.due_at = outcome.due_at
            return None
        self.ended_at = at
        return self._told()

    def report(self, at: int, *, delivered: bool, reason: str) -> NotificationSent | NotificationFailed | None:
        """What the provider says later. A delivered message stays so; what failed may turn out to have come, and what
        nobody knew to have been taken."""
        if self.state == "delivered" or (self.state == "failed" and not delivered):
            return None
        known_as_taken = self.provider is not None
        self.state = "delivered" if delivered else "failed"
        self.error = None if delivered else reason[:REASON_CHARACTERS_MAX]
        self.ended_at = at
        if not delivered:
            return self._failed()
        return None if known_as_taken else self._sent()

    def _told(self) -> NotificationSent | NotificationFailed | None:
        if self.state == "skipped":
            return None
        return self._failed() if self.state == "failed" else self._sent()

    def _sent(self) -> NotificationSent:
        return NotificationSent(
            delivery_id=self.id,
            notification_id=self.notification_id,
            customer_id=self.customer_id or None,
            kind=self.kind,
            channel=self.channel,
            attempts=self.attempts,
        )

    def _failed(self) -> NotificationFailed:
        return NotificationFailed(
            delivery_id=self.id,
            notification_id=self.notification_id,
            customer_id=self.customer_id or None,
            kind=self.kind,
            channel=self.channel,
            attempts=self.attempts,
            reason=self.error or "",
        )


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt came to. `waiting`: another follows at `due_at`. `gone`: push addresses that nobody has."""

    state: DeliveryState
    due_at: int = 0
    unknown: bool = False
    recipient: str | None = None
    provider: str | None = None
    provider_id: str | None = None
    consent_at: int | None = None
    error: str | None = None
    gone: tuple[str, ...] = ()
