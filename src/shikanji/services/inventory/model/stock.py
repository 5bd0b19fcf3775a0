"""Stock of one product in one store, and what its changes tell the others."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from shikanji.contracts.inventory import LowStockAlert, OutOfStock, StockAdjusted, StockReason
from shikanji.kit.errors import Invalid
from shikanji.kit.events import Event
from shikanji.kit.web.fields import Id
from shikanji.services.inventory.errors import BelowZero
from shikanji.services.inventory.model.product import Amount

DELTA_MAX = 10_000_000

Level = Literal[0, 1, 2]
"""How bad it is, as told last: 0 enough, 1 low (at the reorder point or below), 2 out."""
ENOUGH: Level = 0
LOW: Level = 1
OUT: Level = 2

Count = Annotated[int, Meta(ge=0, le=DELTA_MAX)]
Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S", extra={"pattern": "more than blanks"})]


class Stock(msgspec.Struct, frozen=True):
    """In the order of its table's columns. `available` is on hand less held; nothing else can be sold."""

    id: str
    store_id: str
    product_id: str
    on_hand: int
    held: int
    minimum: int
    maximum: int | None
    reorder_point: int
    unit_cost: int | None
    expires_on: str | None
    batch: str | None
    listed: int
    price: int | None
    """This store's own price; None: the catalogue's."""
    level: Level
    version: int
    """Counts edits of the levels and terms, not movements."""

    @property
    def available(self) -> int:
        return self.on_hand - self.held


class Levels(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a store plans and notes for one of its products."""

    store_id: Id
    minimum: Count = 0
    maximum: Count | None = None
    reorder_point: Count = 0
    unit_cost: Amount | None = None
    expires_on: date | None = None
    batch: Annotated[str, Meta(min_length=1, max_length=60)] | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """On what terms a store sells a product. `price` null: the catalogue's; left out: as it is."""

    listed: bool
    price: Amount | UnsetType | None = UNSET


class Balance(msgspec.Struct, frozen=True):
    """What a change of stock left behind."""

    stock_id: str
    store_id: str
    product_id: str
    on_hand: int
    held: int
    reorder_point: int
    level: Level

    @property
    def level_now(self) -> Level:
        available = self.on_hand - self.held
        if available <= 0:
            return OUT
        return LOW if available <= self.reorder_point else ENOUGH


def balance_of(row: Stock) -> Balance:
    return Balance(row.id, row.store_id, row.product_id, row.on_hand, row.held, row.reorder_point, row.level)


def adjusted(balance: Balance, delta: int, kind: StockReason, order_id: str | None = None) -> StockAdjusted:
    return StockAdjusted(
        stock_id=balance.stock_id,
        product_id=balance.product_id,
        store_id=balance.store_id,
        delta=delta,
        on_hand=balance.on_hand,
        held=balance.held,
        kind=kind,
        order_id=order_id,
    )


def alerts(balance: Balance) -> list[Event]:
    """What is to be told where the level is worse than what was told last: once per crossing."""
    now, told = balance.level_now, balance.level
    events: list[Event] = []
    if told < LOW <= now and balance.reorder_point > 0:
        events.append(
            LowStockAlert(
                stock_id=balance.stock_id,
                product_id=balance.product_id,
                store_id=balance.store_id,
                available=balance.on_hand - balance.held,
                reorder_point=balance.reorder_point,
            )
        )
    if told < OUT == now:
        events.append(OutOfStock(stock_id=balance.stock_id, product_id=balance.product_id, store_id=balance.store_id))
    return events


def check_levels(levels: Levels) -> None:
    if levels.maximum is not None and levels.maximum < levels.minimum:
        raise Invalid.field("maximum", "must not be below the minimum")


def on_hand_after(stock: Stock, delta: int) -> int:
    """Raises BelowZero where more would go than is there."""
    after = stock.on_hand + delta
    if after < 0:
        raise BelowZero(f"{stock.on_hand} on hand, {-delta} cannot be taken off")
    return after
