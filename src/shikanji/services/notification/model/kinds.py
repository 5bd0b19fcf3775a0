"""Every kind of message, on which ways it goes, and whether it can be declined."""

from typing import Literal, get_args

import msgspec

from shikanji.contracts.notification import MessageChannel

Topic = Literal["account", "orders", "payments", "stock", "reviews", "rewards", "marketing"]
Outbound = Literal["email", "sms", "push"]

CHANNELS: tuple[MessageChannel, ...] = get_args(MessageChannel)
TOPICS: tuple[Topic, ...] = get_args(Topic)
LOCKED_IN_APP: frozenset[Topic] = frozenset({"orders", "payments", "stock"})
"""What happens to one's orders and money always stands in the app."""
LOCKED: frozenset[Topic] = frozenset({"account"})
"""Codes and what concerns the account itself are never declined."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """`urgent`: it does not wait for the morning. `by_hand`: head office may send it."""

    name: str
    topic: Topic
    channels: tuple[MessageChannel, ...]
    urgent: bool = True
    by_hand: bool = False

    @property
    def needs_consent(self) -> bool:
        return self.topic == "marketing"

    def waits_for_morning(self, channel: MessageChannel) -> bool:
        """In quiet hours: advertising on every way, what is not urgent where it rings."""
        if channel == "in-app":
            return False
        return self.needs_consent or (not self.urgent and channel in ("sms", "push"))


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(name="code-sign-in", topic="account", channels=("email", "sms")),
        Kind(name="code-reset", topic="account", channels=("email", "sms")),
        Kind(name="code-verify", topic="account", channels=("email", "sms")),
        Kind(name="welcome", topic="account", channels=("in-app", "email")),
        Kind(name="notice", topic="account", channels=("in-app", "email", "push"), by_hand=True),
        Kind(name="order-placed", topic="orders", channels=("in-app",)),
        Kind(name="order-confirmed", topic="orders", channels=("in-app", "email", "push")),
        Kind(name="order-preparing", topic="orders", channels=("in-app", "push")),
        Kind(name="order-ready", topic="orders", channels=("in-app", "sms", "push")),
        Kind(name="order-dispatched", topic="orders", channels=("in-app", "sms", "push")),
        Kind(name="order-delivered", topic="orders", channels=("in-app", "push")),
        Kind(name="order-completed", topic="orders", channels=("in-app",)),
        Kind(name="order-cancelled", topic="orders", channels=("in-app", "email", "sms", "push")),
        Kind(name="payment-receipt", topic="payments", channels=("in-app", "email")),
        Kind(name="refund-completed", topic="payments", channels=("in-app", "email", "sms")),
        Kind(name="low-stock", topic="stock", channels=("in-app", "email", "push")),
        Kind(name="review-prompt", topic="reviews", channels=("in-app", "email", "push"), urgent=False),
        Kind(name="points-given", topic="rewards", channels=("in-app", "push"), urgent=False),
        Kind(name="tier-upgraded", topic="rewards", channels=("in-app", "email", "push"), urgent=False),
        Kind(
            name="announcement",
            topic="marketing",
            channels=("in-app", "email", "sms", "push"),
            urgent=False,
            by_hand=True,
        ),
    )
}
BY_HAND = tuple(kind.name for kind in KINDS.values() if kind.by_hand)


def may_decline(channel: MessageChannel, topic: Topic) -> bool:
    return topic not in LOCKED and not (channel == "in-app" and topic in LOCKED_IN_APP)
