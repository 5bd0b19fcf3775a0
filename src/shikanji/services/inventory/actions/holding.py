"""Taking stock for an order, and letting it go before the order is there."""

from collections.abc import Iterable

import msgspec

from shikanji.contracts.inventory import HoldStock, StockHeld
from shikanji.kit.clock import MINUTE
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Problem
from shikanji.kit.failpoints import failpoint
from shikanji.services.inventory.actions import balances
from shikanji.services.inventory.errors import HoldGone, TooManyHolds
from shikanji.services.inventory.model import pricing
from shikanji.services.inventory.model.holds import Hold, lines_of, to_lines, tombstone
from shikanji.services.inventory.model.pricing import Needed, Offer
from shikanji.services.inventory.model.tax import rates_at
from shikanji.services.inventory.repository import catalogue, holds, stock
from shikanji.services.inventory.settings import InventorySettings


def hold_stock(tx: Tx, call: HoldStock, open_holds_max: int | None) -> StockHeld:
    """Holds all lines, or none, and prices them; the same answer when it is asked again. `open_holds_max` None: a
    customer may have any number."""
    try:
        _check_open_holds(tx, call.customer_id, open_holds_max)
        priced = _priced(tx, call)
    except Problem:
        # What stands in the way may be the very hold that is asked for again.
        found = holds.find(tx, call.order_id, call.attempt)
        if found is None:
            raise
        return _answer_again(found)
    return _hold(tx, call, *priced)


def release_hold(tx: Tx, order_id: str, attempt: int) -> bool:
    """Lets an untied hold go, or leaves a tombstone where none came yet. False for one that an order has."""
    if lapse(tx, order_id, attempt) or holds.add(tx, tombstone(order_id, attempt, "released", tx.now)):
        return True
    # It was not there for the first statement and was for the second: then the first finds it now.
    found = holds.locked(tx, order_id, attempt)
    return lapse(tx, order_id, attempt) or (found is not None and found.state == "released")


def lapse(tx: Tx, order_id: str, attempt: int) -> bool:
    """Lets an untied hold go; False where there is none."""
    lines = holds.release(tx, order_id, attempt)
    if lines is None:
        return False
    free(tx, lines_of(lines))
    failpoint("inventory.release.before_commit")
    return True


def postpone(tx: Tx, order_id: str, attempt: int, until: int) -> None:
    """The order service could not say that no order will come: ask again later."""
    holds.postpone(tx, order_id, attempt, until)


def free(tx: Tx, needed: Iterable[Needed], *, silently: str = "") -> None:
    """Gives back what is held; the level of the stock `silently` is not looked at."""
    left = [stock.free(tx, need) for need in needed]
    told = [event for each in left if each.stock_id != silently for event in balances.level_events(tx, each)]
    if told:
        tx.record(*told)


def _check_open_holds(tx: Tx, customer_id: str, open_holds_max: int | None) -> None:
    if open_holds_max is not None and holds.open_of_customer(tx, customer_id) >= open_holds_max:
        raise TooManyHolds(f"at most {open_holds_max} orders can wait at a time", retry_after_seconds=60)


def _priced(tx: Tx, call: HoldStock) -> tuple[StockHeld, list[Needed], dict[str, Offer]]:
    """The answer, what it takes and from what; raises where not all can be had."""
    settings = tx.settings(InventorySettings)
    offers = catalogue.offers(tx, call.store_id, sorted({line.product_id for line in call.lines}))
    rates = rates_at(catalogue.tax_rates_until(tx, call.at), call.at)
    lines = pricing.price_lines(call.lines, offers, rates, call.at, settings.zone)
    fee_tax = pricing.fee_tax(rates, call.fee_tax_class)
    needed = pricing.needed(call.lines, offers)
    pricing.check_stock(call.lines, offers, needed)
    return StockHeld(lines=lines, fee_tax=fee_tax, expires_at=tx.now + settings.hold_minutes * MINUTE), needed, offers


def _hold(tx: Tx, call: HoldStock, answer: StockHeld, needed: list[Needed], offers: dict[str, Offer]) -> StockHeld:
    if not holds.add(tx, _row(tx, call, needed, answer)):
        # The same question was answered before, or at the same moment.
        return _answer_again(_there(tx, call))
    short = {need.product_id for need in needed if not stock.hold(tx, need)}
    if short:
        raise pricing.insufficient(call.lines, offers, short)
    failpoint("inventory.hold.before_commit")
    return answer


def _row(tx: Tx, call: HoldStock, needed: list[Needed], answer: StockHeld) -> Hold:
    return Hold(
        order_id=call.order_id,
        attempt=call.attempt,
        store_id=call.store_id,
        customer_id=call.customer_id,
        state="active",
        lines=to_lines(needed),
        answer=msgspec.json.encode(answer),
        held_at=tx.now,
        expires_at=answer.expires_at,
        ended_at=None,
    )


def _there(tx: Tx, call: HoldStock) -> Hold:
    found = holds.find(tx, call.order_id, call.attempt)
    assert found is not None
    return found


def _answer_again(hold: Hold) -> StockHeld:
    if not hold.answer:
        raise HoldGone(f"order {hold.order_id}, attempt {hold.attempt}")
    return _ANSWERS.decode(hold.answer)


_ANSWERS = msgspec.json.Decoder(StockHeld)
