"""A process with a part of the platform, in this one: beside those that run on the same engines."""

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shikanji import commands
from shikanji.configuration import Configuration
from shikanji.house import SERVICES, settings_kinds
from shikanji.kit.folder import LOCK, FolderLock
from shikanji.main import Part
from shikanji.shape import SCALED_LOCK, was_scaled
from tests.command_line import shikanji
from tests.harness import ALL, Client
from tests.probing import until
from tests.scaled import ScaledShop

NOBODY = "http://127.0.0.1:1"


def configuration(shop: ScaledShop, **settings: str) -> Configuration:
    copies = {service.name: ",".join(shop.processes.addresses(service.name)) for service in ALL}
    given = {
        "copies": ";".join(f"{name}={urls}" for name, urls in copies.items()),
        "port": "0",
        "public_url": "http://parts.test",
        **settings,
    }
    environment = dict(shop.processes.environment) | {f"SHIKANJI_{name.upper()}": text for name, text in given.items()}
    return Configuration(
        {name: text for name, text in environment.items() if name.startswith("SHIKANJI_")}, settings_kinds()
    )


@asynccontextmanager
async def part_of(shop: ScaledShop, names: Sequence[str], **settings: str) -> AsyncIterator[tuple[Part, Client]]:
    part = Part(configuration(shop, **settings), names)
    await part.start()
    part.is_ready()
    try:
        yield part, Client(shop.http, f"http://{part.address}")
    finally:
        await part.stop()


async def test_one_process_may_carry_the_gateway_and_services(shop: ScaledShop) -> None:
    asha, body = await shop.customer(), await shop.order_body()

    async with part_of(shop, ["gateway", "order"], internal_port="0") as (part, door):
        await part.until_ready(print)
        door.token = asha.token
        placed = await door.post("/api/v1/orders", body)
        parts = (await door.get("/health/ready")).data["parts"]
        hidden = await door.post("/internal/calls/AskOrderStanding", data=b"{}")

    assert placed.status == 201
    assert {service.name for service in SERVICES} <= set(parts)
    assert hidden.status == 404
    await shop.settle()
    assert await shop.status_of(placed.data["id"]) == "confirmed"


async def test_readiness_names_the_service_of_which_no_copy_is_ready(shop: ScaledShop) -> None:
    copies = ";".join(f"{service.name}={shop.processes.addresses(service.name)[0]}" for service in ALL)
    copies = ";".join(f"payment={NOBODY}" if part.startswith("payment=") else part for part in copies.split(";"))

    async with part_of(shop, ["gateway"], copies=copies) as (_, door):

        async def only_payment_is_missing() -> bool:
            answer = await door.get("/health/ready")
            return answer.status == 503 and [error["field"] for error in answer.body["errors"]] == ["payment"]

        await until(only_payment_is_missing, "all but payment are ready")
        refused = await door.get("/api/v1/payments/order/01a203f8-0966-7403-8c9a-f092063df8f1")

    assert refused.status == 503


async def test_a_service_process_answers_for_itself_and_hides_the_rest(shop: ScaledShop) -> None:
    async with part_of(shop, ["store", "payment"]) as (part, desk):
        await part.until_ready(print)
        ready = (await desk.get("/health/ready")).data
        listed = await desk.get("/api/v1/stores")
        elsewhere = await desk.get("/api/v1/products")
        wrong = await desk.post("/health/live")
        metrics = await desk.get("/metrics")
        await part.drain(0)
        draining = await desk.get("/health/ready")
        still = await desk.get("/api/v1/stores")

    assert {"store", "payment"} <= set(ready["parts"])
    assert listed.status == 200
    assert (elsewhere.status, wrong.status) == (404, 405)
    assert b"shikanji_outbox_unpublished" in metrics.body
    assert "is stopping" in draining.problem["detail"]
    assert (still.status, still.headers["Connection"]) == (200, "close")


async def test_a_visit_beside_the_processes_finds_all_settled(shop: ScaledShop) -> None:
    placed = await shop.order()
    visiting = configuration(shop)

    told = await commands.run(visiting, "events.tail", {"service": "order", "lines": 2})
    settled = await commands.run(visiting, "settle", {})

    assert placed["id"] in {event["aggregate"] for event in told["events"]}
    assert settled == "settled"


def test_the_shape_of_a_folder_is_that_of_its_last_start(tmp_path: Path) -> None:
    assert not was_scaled(tmp_path)
    started(tmp_path, SCALED_LOCK)
    assert was_scaled(tmp_path)
    started(tmp_path, LOCK)
    assert not was_scaled(tmp_path)


@pytest.mark.parametrize(("lock", "command"), [(SCALED_LOCK, ("up",)), (LOCK, ("up", "--scaled"))])
def test_a_folder_has_one_shape_at_a_time_so_that_commands_know_whom_they_are_for(
    tmp_path: Path, lock: str, command: tuple[str, ...]
) -> None:
    at_work = FolderLock(tmp_path, lock)
    at_work.acquire("serving in the other shape")

    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = shikanji(*command, "--port", str(taken.getsockname()[1]), folder=tmp_path)
    at_work.release()

    assert ended.code == 2
    assert "serving in the other shape" in ended.err
    assert was_scaled(tmp_path) == (lock == SCALED_LOCK)


@pytest.mark.parametrize("command", [("events", "tail"), ("audit",), ("migrate",)])
def test_commands_on_a_folder_whose_engines_stand_still_say_so(tmp_path: Path, command: tuple[str, ...]) -> None:
    started(tmp_path, SCALED_LOCK)

    ended = shikanji(*command, folder=tmp_path)

    assert ended.code == 2
    assert "start them with `shikanji engines up`" in ended.err


def started(folder: Path, lock: str) -> None:
    taken = FolderLock(folder, lock)
    taken.acquire("starting")
    taken.release()
