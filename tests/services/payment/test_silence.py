"""Webhooks that stop coming are noticed."""

import json

import pytest
from structlog.testing import capture_logs

from shikanji.kit.clock import MINUTE
from shikanji.kit.jobs import Job
from shikanji.services.payment.jobs import listen
from tests.services.payment.till import Till

TICK = Job("listen", "listen", 0, b"{}", 1, "lease", 0, "")


async def alarms(till: Till) -> list[str]:
    with capture_logs() as lines:
        await listen(till.room, TICK)
    return [line["alarm"] for line in lines if "alarm" in line]


@pytest.mark.parametrize(("webhook", "expected"), [("once", []), ("none", ["webhook-silence"])])
async def test_money_without_webhooks_is_an_alarm(till: Till, webhook: str, expected: list[str]) -> None:
    started = await till.initiate()
    brought = await till.check_out(started, webhook=webhook)
    await till.settle()
    await till.verify(started, brought)

    till.advance(90 * MINUTE)

    assert await alarms(till) == expected


async def test_a_quiet_night_is_no_alarm(till: Till) -> None:
    assert await alarms(till) == []


async def test_a_refused_refund_is_an_alarm(till: Till) -> None:
    payment_id = await till.pay()
    await till.plan_fault("create-refund", "decline")
    await till.ask("POST", f"/{payment_id}/refund", {"amount": 5, "reason": "spilt"}, token="manager")

    with capture_logs() as lines:
        await till.settle()

    assert [line["alarm"] for line in lines if "alarm" in line] == ["refund-refused"]
    assert "secret" not in json.dumps(lines)
