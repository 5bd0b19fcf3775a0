"""From the wish to pay to the money: attempts, callbacks and checks, with the real sandbox company over HTTP."""

from tests.services.payment.makers import TOTAL, make_created
from tests.services.payment.till import Till


async def test_a_webhook_alone_completes_a_payment(till: Till) -> None:
    await till.deliver(make_created())
    started = await till.initiate()

    await till.check_out(started)
    await till.settle()

    assert till.payments() == [(1, "completed", TOTAL, 0, 0, None)]
    assert till.told() == ["PaymentInitiated", "PaymentCompleted"]
