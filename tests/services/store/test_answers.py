"""What the store service answers to others, and what it asks them by the clock."""

from typing import Any

import pytest

from shikanji.contracts.order import HoldOwner
from shikanji.contracts.store import AskRoles, AskServingTerms, ReleaseSlot
from shikanji.kit.clock import MINUTE
from shikanji.kit.errors import Problem, Unavailable
from shikanji.kit.jobs import Job
from shikanji.services.store import actions, service
from tests.kit.databases import NOON, OpenDatabase
from tests.services.store.edge import RAVI, Shop, open_shop
from tests.services.store.test_slots import lease, places, taken


@pytest.fixture
async def shop(database: OpenDatabase) -> Shop:
    return await open_shop(database)


async def ask(shop: Shop, call: Any) -> Any:
    return await service.answers.handlers[type(call).__name__](shop.room, call)


def terms_for(shop: Shop, **changes: Any) -> AskServingTerms:
    fields: dict[str, Any] = {"order_id": "order", "store_id": shop.here.id, "fulfilment": "pickup", "at": NOON}
    return AskServingTerms(**(fields | changes))


async def limit(shop: Shop, capacity: int) -> None:
    await shop.database.write(actions.update_store, shop.here.id, {"capacity_per_slot": capacity})


async def test_without_a_capacity_terms_are_only_read(shop: Shop) -> None:
    terms = await ask(shop, terms_for(shop))

    assert (terms.store_code, terms.estimated_at, terms.slot_held) == ("MGR1", NOON + 20 * MINUTE, False)
    assert places(shop.database) == []


async def test_with_a_capacity_a_place_is_held_and_can_be_given_back(shop: Shop) -> None:
    await limit(shop, 1)

    terms = await ask(shop, terms_for(shop))
    assert terms.slot_held
    assert taken(shop.database) == 1
    assert (await ask(shop, ReleaseSlot(order_id="order"))).released
    assert not (await ask(shop, ReleaseSlot(order_id="order"))).released

    assert taken(shop.database) == 0


@pytest.mark.parametrize(
    ("changes", "type_", "status"),
    [
        ({"store_id": "nowhere"}, "store-not-found", 404),
        ({"fulfilment": "delivery", "postal_code": "110001"}, "not-delivered-there", 422),
        ({"scheduled_for": NOON}, "invalid", 422),
    ],
)
async def test_refusals_have_the_types_that_the_contract_names(
    shop: Shop, changes: dict[str, Any], type_: str, status: int
) -> None:
    with pytest.raises(Problem) as refused:
        await ask(shop, terms_for(shop, **changes))

    assert (refused.value.type, refused.value.status) == (type_, status)


async def test_closed_full_and_gone_are_conflicts(shop: Shop) -> None:
    await limit(shop, 1)
    await ask(shop, terms_for(shop))
    await ask(shop, ReleaseSlot(order_id="gone"))

    for call, type_ in (
        (terms_for(shop, order_id="another"), "slot-full"),
        (terms_for(shop, order_id="gone"), "slot-released"),
    ):
        with pytest.raises(Problem) as refused:
            await ask(shop, call)
        assert (refused.value.type, refused.value.status) == (type_, 409)
    await shop.database.write(actions.update_store, shop.here.id, {"accepting_orders": False})
    with pytest.raises(Problem) as refused:
        await ask(shop, terms_for(shop))
    assert (refused.value.type, refused.value.status) == ("store-closed", 409)


async def test_a_point_on_the_map_reaches_the_radius(shop: Shop) -> None:
    terms = await ask(shop, terms_for(shop, fulfilment="delivery", latitude=12.93, longitude=77.62))

    assert (terms.zone_id, terms.delivery_fee) == (None, 3_000)


async def test_roles_are_those_of_now(shop: Shop) -> None:
    member = await shop.database.write(actions.add_staff, shop.here.id, RAVI, "chef", head_office=True)
    assert (await ask(shop, AskRoles(account_id=RAVI.account_id))).roles == {shop.here.id: "chef"}

    await shop.database.write(actions.remove_staff, shop.here.id, member.id, head_office=True)

    assert (await ask(shop, AskRoles(account_id=RAVI.account_id))).roles == {}


async def run(shop: Shop, job: Job) -> None:
    await service.jobs.works[job.kind](shop.room, job)


async def test_a_place_whose_order_never_comes_lapses(shop: Shop) -> None:
    await limit(shop, 1)
    await ask(shop, terms_for(shop))

    await run(shop, await shop.database.write(lease))

    (question,) = shop.neighbours.asked
    assert question == type(question)(order_id="order", attempt=1, held_at=NOON)
    assert places(shop.database) == [("order", 1, "released")]


async def test_a_place_whose_order_may_still_come_waits(shop: Shop) -> None:
    await limit(shop, 1)
    await ask(shop, terms_for(shop))
    shop.neighbours.owner = HoldOwner(written=False, never=False)

    with pytest.raises(Unavailable):
        await run(shop, await shop.database.write(lease))

    assert places(shop.database) == [("order", 1, "untied")]


async def test_old_slots_are_thrown_away_by_the_clock(shop: Shop) -> None:
    await limit(shop, 1)
    await ask(shop, terms_for(shop))
    shop.database.clock.advance(100 * 24 * 60 * MINUTE)

    await run(shop, Job("purge-slots", "", 0, b"{}", 1, "mine"))

    assert places(shop.database) == []
    assert service.jobs.periods == {"purge-slots": 21_600}
