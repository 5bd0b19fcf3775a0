"""Several processes on real engines: what one of them knows or loses, and what clients see of it."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import aiohttp
import pytest

from shikanji.gateway.seal import NAME, Seal
from shikanji.gateway.seal import PURPOSE as SEAL_PURPOSE
from shikanji.kit.calls_credential import GOOD_FOR, INSTANCE, PURPOSE, sign
from shikanji.kit.clock import SystemClock
from shikanji.kit.secrets import DerivedSecrets
from tests.command_line import shikanji
from tests.harness import SECRET, Client, Response
from tests.probing import until
from tests.scaled import ScaledShop, settings
from tests.scenarios.audited_day import audit_of, live_a_day

WITH_A_TOKEN = {
    "customer": "/api/v1/auth/sessions",
    "store": "/api/v1/stores",
    "inventory": "/api/v1/categories",
    "order": "/api/v1/orders",
    "payment": "/api/v1/payments",
}
"""A path of each service that looks at the caller's token."""
CALL = "/internal/calls/AskSigningKeys"
LOGOUT_SECONDS_MAX = 1.0
NOT_NOW = {502, 503, 504}


async def persistently(ask: Callable[[], Awaitable[Response]]) -> Response:
    """As a client does it: again, with the same key, as long as nobody can answer just now."""
    answers: list[Response] = []

    async def answered() -> bool:
        with suppress(aiohttp.ClientError):  # a gateway died under it
            answers.append(await ask())
        return bool(answers) and answers[-1].status not in NOT_NOW

    await until(answered, "somebody answers")
    return answers[-1]


def at(shop: ScaledShop, service: str, place: int = 0) -> Client:
    """Speaks to a copy of a service itself, past the gateways."""
    return Client(shop.http, shop.processes.addresses(service)[place])


async def test_after_a_logout_every_process_refuses_the_token_within_a_second(shop: ScaledShop) -> None:
    asha = await shop.register()
    doors = [
        Client(shop.http, address, asha.token) for name in WITH_A_TOKEN for address in shop.processes.addresses(name)
    ]
    paths = [path for name, path in WITH_A_TOKEN.items() for _ in shop.processes.addresses(name)]
    # Each new connection may come to another gateway.
    doors += [Client(shop.http, shop.url, asha.token)] * 8
    paths += [WITH_A_TOKEN["order"]] * 8

    async def statuses() -> list[int]:
        asked = zip(doors, paths, strict=True)
        return [answer.status for answer in await asyncio.gather(*(door.get(path) for door, path in asked))]

    assert 401 not in await statuses()
    assert (await asha.post("/api/v1/auth/logout")).status in {200, 204}
    ended = time.monotonic()
    while set(await statuses()) != {401}:
        assert time.monotonic() - ended < LOGOUT_SECONDS_MAX, await statuses()


async def test_services_judge_tokens_themselves(shop: ScaledShop) -> None:
    order = at(shop, "order")

    assert (await order.get("/api/v1/orders")).status == 401
    order.token = "eyJhbGciOiJub25lIn0.e30."
    assert (await order.get("/api/v1/orders")).status == 401
    order.token = (await shop.customer()).token
    assert (await order.get("/api/v1/orders")).status == 200


async def test_no_way_leads_through_the_gateway_to_internal_calls(shop: ScaledShop) -> None:
    for path in (CALL, "/api/v1/..%2F..%2Finternal/calls/AskSigningKeys", "//internal/calls/AskSigningKeys"):
        answer = await shop.anonymous.post(path, data=b"{}", headers=signed(instance=""))

        assert answer.status == 404
        assert INSTANCE not in answer.headers


async def test_a_signed_call_opens_one_copy_once(shop: ScaledShop) -> None:
    first, second = (at(shop, "order", place) for place in range(2))
    path = "/internal/calls/AskOrderStanding"
    body = json.dumps({"orderId": "01a203f8-0966-7403-8c9a-f092063df8f1"}).encode()
    met = await first.post(path, data=body, headers=signed(path, body, instance=""))
    headers = signed(path, body, instance=met.headers[INSTANCE])

    let_in = await first.post(path, data=body, headers=headers)
    replayed = await first.post(path, data=body, headers=headers)
    elsewhere = await second.post(path, data=body, headers=headers)

    assert met.status == 401
    assert let_in.status in {200, 404}
    assert (replayed.status, elsewhere.status) == (401, 401)


@pytest.mark.parametrize("forged", ["unsigned", "another secret", "another body", "expired"])
async def test_a_forged_or_expired_call_is_refused(shop: ScaledShop, forged: str) -> None:
    customer = at(shop, "customer")
    instance = (await customer.post(CALL, data=b"{}", headers=signed(instance=""))).headers[INSTANCE]
    headers = {
        "unsigned": {"x-shikanji-principal": "admin"},
        "another secret": signed(instance=instance, secret="another secret, and 32 bytes at least"),
        "another body": signed(body=b'{"all":true}', instance=instance),
        "expired": signed(instance=instance, now=SystemClock().now() - GOOD_FOR - 1),
    }[forged]

    refused = await customer.post(CALL, data=b"{}", headers=headers)

    assert (refused.status, refused.type) == (401, "internal-credential-refused")
    assert (await customer.post(CALL, data=b"{}", headers=signed(instance=instance))).status == 200


async def test_what_is_said_of_a_request_counts_only_under_a_gateways_seal(shop: ScaledShop) -> None:
    """The request id shows it: an answer carries the one that was believed."""
    claimed = "01a203f8-0966-7403-8c9a-f092063df8f1"
    said = {"x-request-id": claimed, "x-forwarded-for": "203.0.113.7"}
    order, path = at(shop, "order"), "/api/v1/orders"

    stranger = await order.get(path, headers=said)
    forged = await order.get(path, headers=said | sealed(path, said, secret="another secret, and 32 bytes at least"))
    moved = await order.get(path, headers=said | sealed(path, said | {"x-forwarded-for": "203.0.113.8"}))
    gateway = await order.get(path, headers=said | sealed(path, said))

    assert [answer.problem["correlationId"] == claimed for answer in (stranger, forged, moved, gateway)] == [
        False,
        False,
        False,
        True,
    ]


async def test_copies_share_the_work(shop: ScaledShop) -> None:
    asha = await shop.customer()

    await asyncio.gather(*(asha.get("/api/v1/orders") for _ in range(20)))

    for place in range(2):
        told = (await at(shop, "order", place).get("/metrics")).body.decode()
        assert 'shikanji_db_units_total{service="order"}' in told
        assert 'shikanji_db_units_total{service="order"} 0.0' not in told


async def test_readiness_tells_of_every_part(shop: ScaledShop) -> None:
    platform = (await shop.anonymous.get("/health/ready")).data
    order = (await at(shop, "order").get("/health/ready")).data

    assert {"customer", "store", "inventory", "order", "payment", "sandbox", "sessions"} <= set(platform["parts"])
    assert {"order", "sessions", "files", "process"} <= set(order["parts"])
    assert (await at(shop, "order").get("/health/live")).status == 200


async def test_codes_that_a_service_sent_are_on_the_gateways_page(shop: ScaledShop) -> None:
    phone = f"+9197{time.time_ns() % 10**8:08d}"
    await shop.anonymous.post("/api/v1/auth/otp", {"phone": phone})

    async def shown() -> bool:
        listed = await shop.anonymous.get("/dev/outbox", headers={"Accept": "application/json"})
        return any(message["to"] == phone for message in listed.data)

    await until(shown, "the code is on the page")


async def test_commands_work_beside_the_processes(shop: ScaledShop) -> None:
    await shop.order()
    urls = settings(shop.urls)
    folder = shop.folder

    tail = await asyncio.to_thread(shikanji, "events", "tail", "--lines", "1", folder=folder, **urls)
    replay = await asyncio.to_thread(shikanji, "events", "replay", "store", folder=folder, **urls)
    seeding = await asyncio.to_thread(shikanji, "seed", folder=folder, **urls)
    audit = await asyncio.to_thread(shikanji, "audit", "--settle", folder=folder, **urls)
    second = await asyncio.to_thread(shikanji, "up", "--scaled", "--port", "0", folder=folder, **urls)

    assert len(tail.rows) == 1
    assert "events of store were published again" in replay.out
    assert "there is a card already" in seeding.err
    assert (audit.code, audit.err.strip()) == (0, "")
    assert f"in use by process {shop.processes.pid}, serving {shop.url} in several processes" in second.err


async def test_the_audit_is_clean_after_a_day_that_several_processes_lived(shop: ScaledShop) -> None:
    """Of all that they did for whatever test came before, too."""
    await live_a_day(shop)

    report = await asyncio.to_thread(audit_of, shop.databases, ahead=0)

    assert [(finding.key, finding.violations) for finding in report.findings if finding.count] == []
    assert report.lacking == {}


async def test_a_copy_that_is_told_to_stop_loses_no_request(shop: ScaledShop) -> None:
    asha = await shop.customer()
    stopping = await process_of(shop, "order", 0)
    answers: list[Response] = []

    async def write() -> None:
        while is_there(stopping):
            answers.append(await asha.post("/api/v1/orders", {"items": "none"}))

    async def read() -> None:
        while is_there(stopping):
            answers.append(await asha.get("/api/v1/orders"))

    os.kill(stopping, signal.SIGTERM)
    async with asyncio.timeout(30):
        await asyncio.gather(write(), write(), read(), read())
    await until(lambda: shop.processes.listen().count("order: ready") > 2, "the copy was started again")

    assert len(answers) > 20
    assert [answer.body for answer in answers if answer.status not in {200, 422}] == []


async def test_whoever_is_killed_comes_again_and_orders_go_on(shop: ScaledShop) -> None:
    asha, body = await shop.customer(), await shop.order_body()
    victims = shop.processes.children
    orders = []

    for victim in victims:
        os.kill(victim, signal.SIGKILL)
        key = f"{victim:020d}"
        placed = await persistently(lambda key=key: asha.post("/api/v1/orders", body, key=key))  # type: ignore[misc]
        orders.append(placed.data["id"])
    await until(lambda: len(shop.processes.children) == len(victims), "all run again")
    await persistently(lambda: shop.anonymous.get("/health/ready"))
    await shop.settle()

    assert set(shop.processes.children).isdisjoint(victims)
    listed = (await asha.get("/api/v1/orders?limit=100")).data
    assert sorted(order["id"] for order in listed) == sorted(orders)
    assert {order["status"] for order in listed} == {"confirmed"}


async def process_of(shop: ScaledShop, service: str, place: int) -> int:
    """The process that listens there, as the system has it."""
    port = int(shop.processes.addresses(service)[place].rpartition(":")[2])
    return next(pid for pid in shop.processes.children if listens(pid, port))


def listens(pid: int, port: int) -> bool:
    inodes = {os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")}
    with open(f"/proc/{pid}/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table]
    return any(row[1].endswith(f":{port:04X}") and row[3] == "0A" and f"socket:[{row[9]}]" in inodes for row in rows)


def is_there(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}/fd/0")


def signed(
    path: str = CALL, body: bytes = b"{}", *, instance: str, secret: str = SECRET, now: int | None = None
) -> dict[str, str]:
    key = DerivedSecrets(secret.encode()).derive(PURPOSE)
    now = SystemClock().now() if now is None else now
    return sign(key, path, body, now=now, nonce=str(time.monotonic_ns()), instance=instance)


def sealed(path: str, said: dict[str, str], *, secret: str = SECRET) -> dict[str, str]:
    scope = {
        "method": "GET",
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in said.items()],
    }
    _, value = Seal(DerivedSecrets(secret.encode()).derive(SEAL_PURPOSE), SystemClock()).header(scope)
    return {NAME.decode(): value.decode()}
