"""What the order service answers when others ask."""

from shikanji.contracts.order import AskBills, AskHoldOwner, AskOrderStanding, Bills, HoldOwner, OrderStanding
from shikanji.kit.calls import Answers
from shikanji.kit.service import Room
from shikanji.services.order import actions

answers = Answers()


@answers.to(AskOrderStanding)
async def standing(room: Room, call: AskOrderStanding) -> OrderStanding:
    return await room.db.read(actions.standing_of, call.order_id)


@answers.to(AskBills)
async def bills(room: Room, call: AskBills) -> Bills:
    return Bills(bills=await room.db.read(actions.bills_of, call.order_ids))


@answers.to(AskHoldOwner)
async def hold_owner(room: Room, call: AskHoldOwner) -> HoldOwner:
    """A write: the answer `never` must stay true."""
    return await room.db.write(actions.owner_of_hold, call.order_id, call.attempt)
