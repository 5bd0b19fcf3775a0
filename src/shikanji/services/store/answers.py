"""What the store service answers when others ask."""

from shikanji.contracts.store import (
    AskRoles,
    AskSeller,
    AskServingTerms,
    AskStaff,
    AskStores,
    ReleaseSlot,
    RolesOfAccount,
    Seller,
    ServingTerms,
    SlotReleased,
    StaffFound,
    StoreBrief,
    StoresFound,
)
from shikanji.kit.calls import Answers
from shikanji.kit.errors import Invalid
from shikanji.kit.service import Room
from shikanji.services.store import actions, repository

STORES_ASKED_MAX = 100

answers = Answers()


@answers.to(AskServingTerms)
async def serving_terms(room: Room, call: AskServingTerms) -> ServingTerms:
    """Reads; writes only where there is a place to take."""
    terms = await room.db.read(actions.serving_terms, call)
    return await room.db.write(actions.hold_place, call) if terms.slot_held else terms


@answers.to(ReleaseSlot)
async def release_slot(room: Room, call: ReleaseSlot) -> SlotReleased:
    return SlotReleased(await room.db.write(actions.release_place, call.order_id, call.attempt))


@answers.to(AskRoles)
async def roles(room: Room, call: AskRoles) -> RolesOfAccount:
    return RolesOfAccount(roles=await room.db.read(repository.roles_of, call.account_id))


@answers.to(AskSeller)
async def seller(room: Room, call: AskSeller) -> Seller:
    return await room.db.read(actions.seller, call.store_id)


@answers.to(AskStaff)
async def staff(room: Room, call: AskStaff) -> StaffFound:
    return StaffFound(account_ids=await room.db.read(repository.accounts_in_role, call.store_id, call.role))


@answers.to(AskStores)
async def stores(room: Room, call: AskStores) -> StoresFound:
    if len(call.store_ids) > STORES_ASKED_MAX:
        raise Invalid(f"at most {STORES_ASKED_MAX} stores at once")
    found = await room.db.read(repository.find_stores, call.store_ids)
    return StoresFound(
        stores=[StoreBrief(store_id=store.id, name=store.name, time_zone=store.time_zone) for store in found]
    )
