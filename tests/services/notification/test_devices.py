"""Push messages to all of somebody's devices: each for itself, and what became of the whole."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shikanji.kit.clock import HOUR
from shikanji.kit.messages import Message, NoChannel
from shikanji.services.notification.actions import choosing
from shikanji.services.notification.repository.choices import Device
from tests.services.notification.desk import Desk, open_desk
from tests.services.notification.makers import ASHA, make_order
from tests.services.notification.test_channels import (
    BROWSER_AUTH,
    BROWSER_KEY,
    VAPID_PEM,
    Company,
    a_company,
    b64,
)


@asynccontextmanager
async def browsers(folder: Path, **answers: int) -> AsyncIterator[tuple[Company, Desk]]:
    """A device for each answer, in this order; the push service gives it."""
    async with a_company() as (company, url, _), open_desk(folder, vapid_private_key=VAPID_PEM) as desk:
        for number, (name, status) in enumerate(answers.items()):
            company.answer(f"/{name}", status)
            device = Device(ASHA, f"device-{number}", "webpush", f"{url}/{name}", BROWSER_KEY, b64(BROWSER_AUTH), 1)
            await desk.database.write(choosing.keep_device, device, 10)
        await desk.hear(make_order())
        await desk.settle()
        yield company, desk


def pushes(desk: Desk) -> list[str]:
    return [state for _, channel, state in desk.log() if channel == "push"]


def devices(desk: Desk) -> list[str]:
    return [row[0] for row in desk.database.query("SELECT id FROM push_subscriptions ORDER BY id")]


async def test_a_browser_that_is_gone_is_forgotten_and_the_others_are_written_to(tmp_path: Path) -> None:
    async with browsers(tmp_path, gone=410, there=201) as (_, desk):
        assert (pushes(desk), devices(desk)) == (["sent"], ["device-1"])


@pytest.mark.parametrize("first", ["refused", "busy"])
async def test_a_device_that_may_take_it_later_is_tried_again_whatever_another_says(tmp_path: Path, first: str) -> None:
    answers = {"gone": 410, "refused": 400, "busy": 429}
    ordered = {first: answers.pop(first)} | answers
    async with browsers(tmp_path, **ordered) as (company, desk):
        assert (pushes(desk), len(devices(desk))) == (["waiting"], 2)

        company.answer("/busy", 201)
        desk.database.clock.advance(HOUR)
        await desk.settle()

        assert pushes(desk) == ["sent"]


async def test_a_message_that_every_device_refuses_is_not_tried_again(tmp_path: Path) -> None:
    async with browsers(tmp_path, one=400, other=413) as (_, desk):
        assert pushes(desk) == ["failed"]


async def test_a_device_for_which_there_is_no_way_does_not_keep_it_from_the_others(tmp_path: Path) -> None:
    async with a_company() as (company, url, _), open_desk(tmp_path, vapid_private_key=VAPID_PEM) as desk:
        company.answer("/there", 201)
        app = Device(ASHA, "device-0", "fcm", "token", "", "", 1)
        browser = Device(ASHA, "device-1", "webpush", f"{url}/there", BROWSER_KEY, b64(BROWSER_AUTH), 1)
        for device in (app, browser):
            await desk.database.write(choosing.keep_device, device, 10)

        def no_push(message: Message) -> Exception | None:
            return NoChannel("none") if message.channel == "push" else None

        desk.box.trouble = no_push
        await desk.hear(make_order())
        await desk.settle()

        assert pushes(desk) == ["sent"]
