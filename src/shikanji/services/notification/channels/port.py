"""What the notification service wants of a way to somebody."""

from collections.abc import Callable
from typing import Protocol

import msgspec


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """`key` is the same with every attempt. `html` is made only where it is wanted."""

    key: str
    kind: str
    to: str
    title: str
    text: str
    html: Callable[[], str] | None = None
    p256dh: str = ""
    """With `auth`, of the browser's push subscription that `to` is the address of."""
    auth: str = ""
    urgent: bool = True


class Channel(Protocol):
    name: str
    """Of the provider."""

    async def post(self, letter: Letter) -> str | None:
        """The provider's id of the message. Raises Refused, TryLater, OutcomeUnknown, and for push addresses Gone."""
        ...
