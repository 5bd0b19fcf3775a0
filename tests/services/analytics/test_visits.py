"""The funnel: what clients tell, by whom it is believed, and what is refused."""

from typing import Any

import pytest

from shikanji.kit.clock import DAY
from shikanji.services.analytics.actions import visits
from shikanji.services.analytics.model.funnel import NAMES, STAGES
from tests.kit.databases import OpenDatabase
from tests.services.analytics.edge import Office, open_office
from tests.services.analytics.makers import OTHER_STORE, SHIKANJI, STORE, number

ENGINES = ["sqlite", "postgres"]


@pytest.fixture
async def office(base: OpenDatabase) -> Office:
    return await open_office(base)


def told(*names: str, visit: str = "visit-0001", **fields: Any) -> dict[str, Any]:
    return {"visitId": visit, "events": [{"name": name, "storeId": STORE, **fields} for name in names]}


async def tell(office: Office, body: Any, token: str | None = None) -> int:
    return (await office.ask("/event", token, "POST", body)).status


async def stages(office: Office, path: str = "/funnel", token: str = "admin") -> dict[str, tuple[int, int]]:
    shown = await office.get(path, token)
    return {each["name"]: (each["visits"], each["events"]) for each in shown["stages"] if each["events"]}


async def test_a_visit_counts_once_at_each_stage_and_its_events_all(office: Office) -> None:
    assert await tell(office, told("menu_viewed", "product_viewed", "product_viewed")) == 202
    assert await tell(office, told("product_viewed", "cart_added"), "customer") == 202
    assert await tell(office, told("menu_viewed", visit="visit-0002")) == 202

    assert await stages(office) == {"menu_viewed": (2, 2), "product_viewed": (1, 3), "cart_added": (1, 1)}


async def test_stages_are_parts_of_the_first_and_of_the_one_before(office: Office) -> None:
    for place, far in enumerate((1, 2, 2, 6)):
        await tell(office, told(*STAGES[:far], visit=f"visit-{place:04}"))

    shown = (await office.get("/funnel"))["stages"]

    assert [(each["visits"], each["ofFirst"], each["ofPrevious"]) for each in shown[:3]] == [
        (4, 10_000, 10_000), (3, 7_500, 7_500), (1, 2_500, 3_333)
    ]  # fmt: skip


async def test_a_visit_counts_in_each_store_and_on_each_day_and_without_a_store_for_head_office(office: Office) -> None:
    await tell(office, told("menu_viewed"))
    await tell(office, told("menu_viewed", storeId=OTHER_STORE))
    await tell(office, told("menu_viewed", storeId=None))
    office.base.clock.advance(DAY)
    await tell(office, told("menu_viewed"))

    assert await stages(office) == {"menu_viewed": (4, 4)}
    assert await stages(office, token="manager") == {"menu_viewed": (2, 2)}
    assert await stages(office, "/funnel?from=2026-11-22&to=2026-11-22", "manager") == {"menu_viewed": (1, 1)}
    assert (await office.ask(f"/funnel?storeId={STORE}", "manager of other")).status == 403


@pytest.mark.parametrize(
    "body",
    [
        told(),
        told("menu_viewed", visit="short"),
        told("menu_viewed", visit="visit 0001"),
        told("menu_viewed", visit="v" * 65),
        told("payment_taken"),
        told(*["menu_viewed"] * 51),
        told("menu_viewed", price=1),
        told("menu_viewed", storeId=number()),
        told("menu_viewed", productId="7"),
        {"events": told("menu_viewed")["events"]},
    ],
)
async def test_what_is_made_up_is_refused_and_counts_nowhere(office: Office, body: Any) -> None:
    assert await tell(office, body) == 422

    assert await stages(office) == {}


async def test_what_was_told_is_forgotten_after_its_time_and_the_funnel_stays(office: Office) -> None:
    await tell(office, told("product_viewed", productId=SHIKANJI), "customer")
    rows = "SELECT name, product_id, account_id FROM client_events"
    assert office.base.query(rows) == [("product_viewed", SHIKANJI, "customer")]
    office.base.clock.advance(91 * DAY)

    while await office.base.write(visits.forget):
        pass

    assert office.base.query(rows) == office.base.query("SELECT * FROM visits") == []
    assert await stages(office, "/funnel?from=2026-11-22&to=2026-11-22") == {"product_viewed": (1, 1)}


def test_every_stage_is_a_name_that_clients_may_tell() -> None:
    assert set(STAGES) <= set(NAMES)
    assert len(NAMES) <= 62
