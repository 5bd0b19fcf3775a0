import asyncio
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MailHandler

from shikanji.kit.errors import Unavailable
from shikanji.kit.messages import Message, NoAnswer, NoChannel
from shikanji.kit.messages.outbox import FILE_BYTES_MAX, MESSAGES_MAX, OutboxMessages, outbox_page
from shikanji.kit.messages.smtp import SmtpMessages
from tests.serving import free_port, serving


def make_message(key: str = "challenge-1", text: str = "Your code is 123456") -> Message:
    return Message(key=key, channel="email", to="asha@shop.test", subject="Your code", text=text)


class Mailbox(MailHandler):
    def __init__(self) -> None:
        super().__init__()
        self.mails: list[tuple[str, str, str]] = []

    def handle_message(self, message: object) -> None:
        self.mails.append((message["To"], message["Message-ID"], message.get_payload()))  # type: ignore[index,attr-defined]


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


async def test_a_mail_arrives_with_an_id_that_a_repeat_shares(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    messages = SmtpMessages(f"smtp://127.0.0.1:{port}", "shop@shikanji.test")

    await messages.send(make_message())
    await messages.send(make_message())

    assert [mail[:2] for mail in box.mails] == [("asha@shop.test", "<challenge-1@shikanji.test>")] * 2
    assert "123456" in box.mails[0][2]


async def test_a_mail_server_that_is_not_there_is_unavailable() -> None:
    messages = SmtpMessages(f"smtp://127.0.0.1:{free_port()}", "shop@shikanji.test")

    with pytest.raises(Unavailable):
        await messages.send(make_message())


async def test_a_mail_server_that_takes_for_ever_is_not_waited_for() -> None:
    """Whoever sends has a lease that must not end before."""

    left = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 shop.test\r\n")
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server, asyncio.timeout(60):
        port = server.sockets[0].getsockname()[1]
        messages = SmtpMessages(f"smtp://127.0.0.1:{port}", "shop@shikanji.test", seconds=0.1)

        with pytest.raises(NoAnswer):
            await messages.send(make_message())
        await left.wait()


async def test_a_text_message_has_no_way_through_smtp() -> None:
    messages = SmtpMessages("smtp://127.0.0.1:1", "shop@shikanji.test")

    with pytest.raises(NoChannel):
        await messages.send(Message(key="k", channel="sms", to="+919900000001", subject="", text="hi"))


@pytest.mark.parametrize("url", ["http://mail.test", "smtp://", "mail.test"])
def test_a_wrong_mail_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP URL"):
        SmtpMessages(url, "shop@shikanji.test")


async def test_the_development_outbox_survives_a_restart_and_keeps_one_copy_of_a_repeat(tmp_path: Path) -> None:
    outbox = OutboxMessages(tmp_path / "outbox.jsonl")
    for key in ("one", "two", "one"):
        await outbox.send(make_message(key))

    again = OutboxMessages(tmp_path / "outbox.jsonl")

    assert [message.key for message in again.newest()] == ["one", "two"]


async def test_the_development_outbox_is_bounded(tmp_path: Path) -> None:
    outbox = OutboxMessages(tmp_path / "outbox.jsonl")
    for number in range(MESSAGES_MAX + 5):
        await outbox.send(make_message(str(number)))

    assert len(outbox.newest()) == MESSAGES_MAX
    assert outbox.newest()[-1].key == "5"


async def test_what_one_process_writes_to_the_development_outbox_another_shows(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    customer, order, gateway = (OutboxMessages(path) for _ in range(3))

    await asyncio.gather(*(one.send(make_message(f"{place}")) for place in range(20) for one in (customer, order)))

    assert {message.key for message in gateway.newest()} == {f"{place}" for place in range(20)}


async def test_the_file_of_the_development_outbox_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    outbox = OutboxMessages(path)
    for place in range(30):
        await outbox.send(make_message("long", "x" * (FILE_BYTES_MAX // 20) + str(place)))

    assert path.stat().st_size < FILE_BYTES_MAX
    assert [message.text[-2:] for message in outbox.newest()] == ["29"]


async def test_half_a_line_after_a_kill_does_not_hinder_the_start(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    await OutboxMessages(path).send(make_message("whole"))
    path.write_bytes(path.read_bytes() + b'\n{"key": "ha')
    await OutboxMessages(path).send(make_message("next"))

    assert [message.key for message in OutboxMessages(path).newest()] == ["next", "whole"]


async def test_the_outbox_page_shows_messages_as_text_and_as_json(tmp_path: Path) -> None:
    outbox = OutboxMessages(tmp_path / "outbox.jsonl")
    await outbox.send(make_message(text="<script>alert(1)</script>"))

    async with serving(outbox_page(outbox)) as url, aiohttp.ClientSession() as http:
        async with http.get(url) as page:
            shown = await page.text()
        async with http.get(url, headers={"Accept": "application/json"}) as page:
            listed = await page.json()

    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown
    assert listed["data"][0]["to"] == "asha@shop.test"


async def test_the_outbox_page_is_read_only(tmp_path: Path) -> None:
    page = outbox_page(OutboxMessages(tmp_path / "outbox.jsonl"))

    async with serving(page) as url, aiohttp.ClientSession() as http, http.delete(url) as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET, HEAD"
        assert (await answer.json(content_type=None))["code"] == 405
