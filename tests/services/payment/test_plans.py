"""Lists of payments find their first page by an index, however many payments there are."""

from pathlib import Path
from typing import get_args

import pytest

from shikanji.services.payment import service
from shikanji.services.payment.model.payment import Status
from shikanji.services.payment.repository.attempts import PaymentFilter, select_payments
from shikanji.services.payment.repository.webhooks import FORGET_WEBHOOKS
from tests.kit.databases import open_database
from tests.kit.test_db_plans import plan_of
from tests.services.payment.makers import STORE

UNUSUAL: list[Status] = [status for status in get_args(Status) if status != "completed"]


@pytest.mark.parametrize(
    ("store_id", "index"),
    [
        (STORE, "payments_unusual_of_store (store_id=? AND status=? AND id<?)"),
        (None, "payments_unusual (status=? AND id<?)"),
    ],
    ids=["of a store", "of all stores"],
)
async def test_payments_of_an_unusual_status_are_found_among_their_like(
    store_id: str | None, index: str, tmp_path: Path
) -> None:
    async with open_database(service, tmp_path):
        plans = {
            plan_of(tmp_path / "payment.db", select_payments(wanted, "7", 20, store_id))
            for wanted in (PaymentFilter(store_ids=None, status=status) for status in UNUSUAL)
        }

    assert len(UNUSUAL) > 1
    assert plans == {f"SEARCH payments USING INDEX {index}"}


async def test_forgetting_webhooks_looks_at_the_oldest_only(tmp_path: Path) -> None:
    async with open_database(service, tmp_path):
        plan = plan_of(tmp_path / "payment.db", FORGET_WEBHOOKS)

    assert "SEARCH webhooks USING PRIMARY KEY (id<?)" in plan
    assert "SCAN" not in plan
