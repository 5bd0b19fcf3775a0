"""Mail by SMTP."""

from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib

from shikanji.kit.errors import Problem, Unavailable
from shikanji.kit.messages import Message

TIMEOUT_SECONDS = 10


class NoChannel(Problem):
    status, type, title = 501, "no-channel", "No provider for this channel is configured"


class SmtpMessages:
    """`url` is `smtp://user:password@host:25`, or `smtps://…` for TLS from the first byte; on `smtp://` STARTTLS is
    used where the server offers it. `sender` stands in From."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("an SMTP URL reads smtp://user:password@host:port or smtps://…")
        self._host = parts.hostname
        self._tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 25)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = sender

    async def send(self, message: Message) -> None:
        if message.channel != "email":
            raise NoChannel(f"{message.channel} cannot be sent by SMTP")
        try:
            await aiosmtplib.send(
                self._mail(message),
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._tls,
                timeout=TIMEOUT_SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError) as failed:
            raise Unavailable(f"the mail server did not take the message: {type(failed).__name__}") from failed

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self._sender, message.to, message.subject
        # The same id on a repeat lets the receiving side drop the second copy.
        mail["Message-ID"] = f"<{message.key}@{self._sender.rpartition('@')[2].rstrip('>')}>"
        mail.set_content(message.text)
        return mail
