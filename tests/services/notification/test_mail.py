"""Mail by SMTP against a server that speaks it, and says no in all its ways."""

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from shikanji.kit.messages import NoMessages
from shikanji.kit.messages.smtp import SmtpMessages
from shikanji.services.notification.channels.messages import OwnWay
from shikanji.services.notification.errors import Refused, TryLater
from tests.services.notification.test_channels import KEY, letter
from tests.serving import free_port


class MailServer:
    """Says this to every recipient, or this to every mail."""

    def __init__(self) -> None:
        self.to_recipient = "250 OK"
        self.to_mail = "250 OK"
        self.mails: list[bytes] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.append(envelope.content)
        return self.to_mail


@pytest.mark.parametrize(
    ("to_recipient", "to_mail", "raised"),
    [
        ("550 no such user", "250 OK", Refused),
        ("450 mailbox busy", "250 OK", TryLater),
        ("250 OK", "554 spam", Refused),
        ("250 OK", "451 try again", TryLater),
    ],
)
async def test_what_a_mail_server_says_of_a_mail(to_recipient: str, to_mail: str, raised: type[Exception]) -> None:
    handler, port = MailServer(), free_port()
    handler.to_recipient, handler.to_mail = to_recipient, to_mail
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        way = OwnWay(SmtpMessages(f"smtp://127.0.0.1:{port}", "shop@shikanji.test"), "email")
        with pytest.raises(raised):
            await way.post(letter("asha@shop.test"))
    finally:
        controller.stop()


async def test_a_mail_has_words_and_a_page_for_those_who_show_it() -> None:
    handler, port = MailServer(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        way = OwnWay(SmtpMessages(f"smtp://127.0.0.1:{port}", "shop@shikanji.test"), "email")
        await way.post(letter("asha@shop.test", html=lambda: "<p>It is ready.</p>"))
    finally:
        controller.stop()

    assert b"multipart/alternative" in handler.mails[0]
    assert f"<{KEY}@shikanji.test>".encode() in handler.mails[0]


async def test_where_there_is_no_mail_server_nothing_is_lost() -> None:
    way = OwnWay(SmtpMessages(f"smtp://127.0.0.1:{free_port()}", "shop@shikanji.test"), "email")

    with pytest.raises(TryLater):
        await way.post(letter("asha@shop.test"))


async def test_where_there_is_no_way_at_all_it_is_said() -> None:
    with pytest.raises(Exception, match="no way for push"):
        await OwnWay(NoMessages("shop@shikanji.test"), "push").post(letter("device"))
