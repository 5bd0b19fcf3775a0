"""The port through which a message leaves the platform: mail by SMTP, or the development outbox."""

from typing import Literal, Protocol

import msgspec

from shikanji.kit.errors import Problem, Unavailable


class NoChannel(Problem):
    status, type, title = 501, "no-channel", "No provider for this channel is configured"


class Undeliverable(Problem):
    """It was refused for good: to send it again is of no use."""

    status, type, title = 422, "undeliverable", "The message was refused"


class NoAnswer(Unavailable):
    """It may have been taken or not."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """`key` makes a repeat recognisable to the receiver (Message-ID); it is unique per intent. `html` is the same as
    `text`, for those who show it."""

    key: str
    channel: Literal["email", "sms", "push"]
    to: str
    subject: str
    text: str
    html: str | None = None


class NoMessages:
    """No way at all, where every message goes through a provider of its own."""

    takes_html = False

    def __init__(self, sender: str) -> None:
        self.sender = sender

    async def send(self, message: Message) -> None:
        raise NoChannel(f"no way for {message.channel} is configured")


class Messages(Protocol):
    takes_html: bool
    sender: str
    """Who mails are from."""

    async def send(self, message: Message) -> None:
        """Raises Unavailable when the message was not taken (NoAnswer: when nobody knows): send again with the same
        key; Undeliverable when it never will be; NoChannel where there is no way."""
        ...
