"""What the store service answers when others ask."""

from shikanji.contracts.store import (
    AskRoles,
    AskServingTerms,
    ReleaseSlot,
    RolesOfAccount,
    ServingTerms,
    SlotReleased,
)
from shikanji.kit.calls import Answers
from shikanji.kit.service import Room
from shikanji.services.store import actions, repository

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
