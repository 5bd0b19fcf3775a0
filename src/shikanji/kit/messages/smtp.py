"""Mail by SMTP."""

import asyncio
from contextlib import suppress
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib

from shikanji.kit.errors import Unavailable
from shikanji.kit.messages import Message, NoAnswer, NoChannel, Undeliverable

TIMEOUT_SECONDS = 8.0
"""For one answer of the server."""
SECONDS_MAX = 12.0
"""For all of them together, however many come late."""
FAREWELL_SECONDS = 1.0
_UNANSWERED = (aiosmtplib.SMTPReadTimeoutError, aiosmtplib.SMTPServerDisconnected)


class SmtpMessages:
    """`url` is `smtp://user:password@host:25`, or `smtps://…` for TLS from the first byte; on `smtp://` STARTTLS is
    used where the server offers it. `sender` stands in From. Nothing takes longer than `seconds`."""

    takes_html = True

    def __init__(self, url: str, sender: str, *, seconds: float = SECONDS_MAX) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("an SMTP URL reads smtp://user:password@host:port or smtps://…")
        self._host = parts.hostname
        self._tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 25)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self.sender = sender
        self._seconds = seconds

    async def send(self, message: Message) -> None:
        if message.channel != "email":
            raise NoChannel(f"{message.channel} cannot be sent by SMTP")
        try:
            await self._hand_over(self._mail(message))
        except _UNANSWERED as lost:
            raise NoAnswer(f"the mail server did not answer: {type(lost).__name__}") from lost
        except (aiosmtplib.SMTPException, OSError) as failed:
            if _is_final(failed):
                raise Undeliverable(f"the mail server refused the message: {type(failed).__name__}") from failed
            raise Unavailable(f"the mail server did not take the message: {type(failed).__name__}") from failed

    async def _hand_over(self, mail: EmailMessage) -> None:
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            use_tls=self._tls,
            timeout=TIMEOUT_SECONDS,
        )
        try:
            await self._in_time(client, mail)
            with suppress(aiosmtplib.SMTPException):
                await client.quit(timeout=FAREWELL_SECONDS)
        finally:
            client.close()

    async def _in_time(self, client: aiosmtplib.SMTP, mail: EmailMessage) -> None:
        begun = asyncio.timeout(self._seconds)
        try:
            async with begun:
                await client.connect()
                await client.send_message(mail)
        except TimeoutError as late:
            if not begun.expired():
                raise
            raise NoAnswer(f"the mail server took longer than {self._seconds} s") from late

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, message.to, message.subject
        # The same id on a repeat lets the receiving side drop the second copy.
        mail["Message-ID"] = f"<{message.key}@{self.sender.rpartition('@')[2].rstrip('>')}>"
        mail.set_content(message.text)
        if message.html is not None:
            mail.add_alternative(message.html, subtype="html")
        return mail


def _is_final(failed: Exception) -> bool:
    """Whether the server said no (5xx) to this message: to whom it goes, or what it says. A refused password or sender
    is our own fault, and somebody will mend it."""
    if isinstance(failed, aiosmtplib.SMTPRecipientsRefused):
        return all(500 <= refused.code < 600 for refused in failed.recipients)
    return isinstance(failed, aiosmtplib.SMTPDataError) and 500 <= failed.code < 600
