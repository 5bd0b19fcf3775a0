"""The small parts of the gateway by themselves."""

import asyncio
from typing import Any

import pytest

from shikanji.gateway.observations import LOG_LINES_MAX, RequestLine, RequestLog
from shikanji.gateway.readiness import Readiness
from shikanji.gateway.request import ClientAddresses, address_prefix, is_internal
from shikanji.kit.asgi import Message
from shikanji.kit.deadlines import Deadlines
from tests.gateway.door import NOON, Door


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_what_counts_as_one_caller(address: str, prefix: str) -> None:
    assert address_prefix(address) == prefix


@pytest.mark.parametrize(("address", "internal"), [("10.1.2.3", True), ("127.0.0.1", True), ("8.8.8.8", False)])
def test_which_networks_are_ours(address: str, internal: bool) -> None:
    assert is_internal(address) is internal


@pytest.mark.parametrize("peer", [None, ("", 0), ("/run/socket", 0), ("192.0.2.1", 5)])
def test_a_peer_that_is_no_trusted_address_is_not_believed(peer: tuple[str, int] | None) -> None:
    addresses = ClientAddresses(("10.0.0.0/8", "2001:db8::/32"))
    scope = {"client": peer, "scheme": "http"}
    known = {b"x-forwarded-for": b"6.6.6.6", b"x-forwarded-proto": b"https"}

    assert addresses.client(scope, known) == (peer[0] if peer else "")
    assert addresses.scheme(scope, known) == "http"


def test_a_forwarded_scheme_that_is_none_is_not_believed() -> None:
    addresses = ClientAddresses(("10.0.0.0/8",))

    assert addresses.scheme({"client": ("10.0.0.1", 1), "scheme": "http"}, {b"x-forwarded-proto": b"gopher"}) == "http"


async def test_what_takes_too_long_is_stopped() -> None:
    deadlines = Deadlines()

    with pytest.raises(TimeoutError), deadlines.within(0.01):
        await asyncio.Event().wait()
    with deadlines.within(10):
        await asyncio.sleep(0)


async def test_what_others_stop_stays_stopped() -> None:
    deadlines, begun = Deadlines(), asyncio.Event()

    async def work() -> None:
        with deadlines.within(60):
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_nearer_of_two_limits_is_the_one_that_stops() -> None:
    deadlines = Deadlines()

    with deadlines.within(60), pytest.raises(TimeoutError), deadlines.within(0.01):
        await asyncio.Event().wait()
    with pytest.raises(TimeoutError), deadlines.within(0.01), deadlines.within(60):
        await asyncio.Event().wait()


async def test_its_own_error_is_not_mistaken_for_the_limit() -> None:
    with pytest.raises(KeyError), Deadlines().within(60):
        raise KeyError


async def test_a_part_that_fails_or_is_silent_is_not_ready() -> None:
    async def failing() -> str:
        raise ConnectionError("password=hunter2")

    async def silent() -> str:
        await asyncio.Event().wait()
        return ""

    parts = await Readiness({"order": failing, "store": silent}).parts()

    assert parts == {"order": "cannot say (ConnectionError)", "store": "gives no answer", "gateway": ""}


async def test_who_waits_long_is_told_for_what_and_once_while_it_is_the_same() -> None:
    reasons = ["is starting", "no such bucket", "no such bucket", ""]
    told: list[str] = []

    async def files() -> str:
        return reasons.pop(0)

    await Readiness({"files": files}).until_ready(told.append, patience_seconds=0)

    assert told == ["files: is starting", "files: no such bucket"]


async def test_the_request_log_writes_together() -> None:
    written: list[list[Any]] = []
    log = RequestLog(lambda lines: written.append(list(lines)))

    for number in range(LOG_LINES_MAX + 1):
        log.add(NOON + number * 400_000, "GET", "/", 200, 0.0015, "", "c-1")
    assert [len(lines) for lines in written] == [LOG_LINES_MAX]
    log.flush()
    log.flush()

    first, fourth = written[0][0], written[0][3]
    assert isinstance(first, RequestLine)
    assert (first.timestamp, first.ms) == ("2026-11-18T11:06:40.000000Z", 1.5)
    assert fourth.timestamp == "2026-11-18T11:06:41.200000Z"
    assert len(written[1]) == 1


async def test_a_websocket_is_closed_before_it_opens(door: Door) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await door.gateway({"type": "websocket"}, receive, send)
    with pytest.raises(RuntimeError, match="lifespan"):
        await door.gateway({"type": "lifespan"}, receive, send)

    assert sent == [{"type": "websocket.close", "code": 1008}]
