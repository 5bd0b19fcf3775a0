"""The port through which a message leaves the platform: mail by SMTP, or the development outbox."""

from typing import Literal, Protocol

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """`key` makes a repeat recognisable to the receiver (Message-ID); it is unique per intent."""

    key: str
    channel: Literal["email", "sms"]
    to: str
    subject: str
    text: str


class Messages(Protocol):
    async def send(self, message: Message) -> None:
        """Raises Unavailable when the message was not taken: send again with the same key."""
        ...
