"""The platform's own way out: SMTP, or in demos the development outbox, which takes every kind of message."""

from typing import Literal

from shikanji.kit.errors import Unavailable
from shikanji.kit.messages import Message, Messages, NoAnswer, Undeliverable
from shikanji.services.notification.channels.port import Letter
from shikanji.services.notification.errors import OutcomeUnknown, Refused, TryLater


class OwnWay:
    name = "platform"

    def __init__(self, messages: Messages, channel: Literal["email", "sms", "push"]) -> None:
        self._messages, self._channel = messages, channel

    async def post(self, letter: Letter) -> str | None:
        html = letter.html() if letter.html is not None and self._messages.takes_html else None
        message = Message(
            key=letter.key, channel=self._channel, to=letter.to, subject=letter.title, text=letter.text, html=html
        )
        try:
            await self._messages.send(message)
        except NoAnswer as unknown:
            raise OutcomeUnknown(unknown.detail) from unknown
        except Undeliverable as refused:
            raise Refused(refused.detail) from refused
        except Unavailable as failed:
            raise TryLater(failed.detail) from failed
        return None
