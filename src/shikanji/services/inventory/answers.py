"""What the inventory service answers when others ask."""

from shikanji.contracts.inventory import (
    AskProductNames,
    HoldReleased,
    HoldStock,
    ProductName,
    ProductNames,
    ReleaseHold,
    StockHeld,
)
from shikanji.kit.calls import Answers
from shikanji.kit.failpoints import failpoint
from shikanji.kit.service import Room
from shikanji.services.inventory import actions
from shikanji.services.inventory.repository import catalogue
from shikanji.services.inventory.settings import InventorySettings

ASKED_MAX = 100

answers = Answers()


@answers.to(HoldStock)
async def hold_stock(room: Room, call: HoldStock) -> StockHeld:
    open_holds_max = room.settings(InventorySettings).open_holds_max if room.rate_limits else None
    held = await room.db.write(actions.hold_stock, call, open_holds_max)
    failpoint("inventory.hold.after_commit")
    return held


@answers.to(ReleaseHold)
async def release_hold(room: Room, call: ReleaseHold) -> HoldReleased:
    return HoldReleased(await room.db.write(actions.release_hold, call.order_id, call.attempt))


@answers.to(AskProductNames)
async def product_names(room: Room, call: AskProductNames) -> ProductNames:
    found = await room.db.read(catalogue.products_of, call.product_ids[:ASKED_MAX])
    return ProductNames(
        [
            ProductName(product_id=each.id, name=each.name, name_hi=each.name_hi, category_id=each.category_id)
            for each in found
        ]
    )
