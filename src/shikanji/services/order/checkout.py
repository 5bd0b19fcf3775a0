"""Placing an order: what the other services are asked, and what is given back when it comes to nothing.

Three steps (reliability.md, 29): claim the idempotency key, ask, write. All that is taken elsewhere is taken under the
new order's id, which the claim brings. Once claimed it runs to its end even when the client leaves: the client will ask
again with the same key."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from shikanji.contracts.customer import Address, AskOrderingCustomer, OrderingCustomer
from shikanji.contracts.inventory import HoldStock, PricedLine, ReleaseHold, StockHeld, WantedLine
from shikanji.contracts.loyalty import BenefitsHeld, HoldBenefits, ReleaseBenefits, RetakeBenefits
from shikanji.contracts.order import PaymentMethod
from shikanji.contracts.store import AskServingTerms, Fulfilment, ReleaseSlot, ServingTerms
from shikanji.kit.clock import SECOND
from shikanji.kit.errors import Problem
from shikanji.kit.failpoints import failpoint
from shikanji.kit.service import Room
from shikanji.kit.telemetry.logs import logger
from shikanji.kit.web.idempotency import Claim, Scope, StoredAnswer
from shikanji.kit.web.routes import Reply
from shikanji.services.order import actions
from shikanji.services.order.actions import Release, Whole
from shikanji.services.order.model.lines import Details
from shikanji.services.order.model.order import Order, Placing
from shikanji.services.order.model.pricing import delivery_fee, price, subtotal_of

T = TypeVar("T")

_log = logger("order")

PATIENCE = 10 * SECOND
"""After so long a job gives back what a refused checkout did not manage to."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the client asked for. `notes_of_lines` by line id; `address` or `address_id` for deliveries only; `capped`:
    the customer's open orders count."""

    customer_id: str
    store_id: str
    fulfilment: Fulfilment
    payment_method: PaymentMethod
    lines: list[WantedLine]
    notes_of_lines: Mapping[str, str | None]
    address: Address | None
    address_id: str | None
    scheduled_for: int | None
    notes: str | None
    placed_by: str
    capped: bool
    coupon_code: str | None = None
    redeem_points: int = 0

    @property
    def counted_customer(self) -> str | None:
        return self.customer_id if self.capped else None


class Taken:
    """What stands elsewhere under an order's id. It counts from the moment of asking until a definite refusal: an
    answer that did not come may have been a yes."""

    def __init__(self, room: Room, order_id: str, attempt: int = 1) -> None:
        self._room = room
        self.order_id = order_id
        self.attempt = attempt
        self.slot = False
        self.stock = False
        self.benefits = False

    async def take_slot(
        self,
        *,
        store_id: str,
        fulfilment: Fulfilment,
        address: Address | None,
        scheduled_for: int | None,
        at: int,
    ) -> ServingTerms:
        call = AskServingTerms(
            order_id=self.order_id,
            attempt=self.attempt,
            store_id=store_id,
            fulfilment=fulfilment,
            postal_code=address.postal_code if address else None,
            latitude=address.latitude if address else None,
            longitude=address.longitude if address else None,
            scheduled_for=scheduled_for,
            at=at,
        )
        self.slot = True
        try:
            terms = await self._room.calls.ask(call)
        except Problem as problem:
            self.slot = not definite(problem)
            raise
        self.slot = terms.slot_held
        return terms

    async def take_stock(
        self, *, store_id: str, customer_id: str, lines: list[WantedLine], fee_tax_class: str, at: int
    ) -> StockHeld:
        call = HoldStock(
            order_id=self.order_id,
            attempt=self.attempt,
            store_id=store_id,
            customer_id=customer_id,
            lines=lines,
            fee_tax_class=fee_tax_class,
            at=at,
        )
        self.stock = True
        try:
            return await self._room.calls.ask(call)
        except Problem as problem:
            self.stock = not definite(problem)
            raise

    async def take_benefits(self, wanted: Wanted, lines: list[PricedLine], delivery_fee: int, at: int) -> BenefitsHeld:
        call = HoldBenefits(
            order_id=self.order_id,
            attempt=self.attempt,
            customer_id=wanted.customer_id,
            store_id=wanted.store_id,
            lines=lines,
            delivery_fee=delivery_fee,
            coupon_code=wanted.coupon_code,
            redeem_points=wanted.redeem_points,
            at=at,
        )
        self.benefits = True
        try:
            held = await self._room.calls.ask(call)
        except Problem as problem:
            self.benefits = not definite(problem)
            raise
        self.benefits = held.held
        return held

    async def retake_benefits(self) -> None:
        await self._room.calls.ask(RetakeBenefits(order_id=self.order_id, attempt=self.attempt))

    @property
    def release(self) -> Release:
        return Release(
            order_id=self.order_id, attempt=self.attempt, stock=self.stock, slot=self.slot, benefits=self.benefits
        )


async def check_out(room: Room, scope: Scope, wanted: Wanted, answer: Callable[[Whole], Any]) -> Reply:
    """Places the order once for the key of `scope`; `answer` makes the data of the reply. Raises what the customer,
    store or inventory service refused with, the model's own refusals, and those of the key."""
    claim = await room.db.write(actions.claim_order, scope, wanted.counted_customer, PATIENCE)
    if isinstance(claim, StoredAnswer):
        return claim.reply()
    failpoint("order.place.after_claim")
    return await _to_its_end(_carry_out(room, claim, wanted, answer))


async def give_back(room: Room, release: Release) -> None:
    """Does nothing to what was given back already. Raises Unavailable where nobody answered."""
    if release.stock:
        await room.calls.ask(ReleaseHold(order_id=release.order_id, attempt=release.attempt))
    if release.slot:
        await room.calls.ask(ReleaseSlot(order_id=release.order_id, attempt=release.attempt))
    if release.benefits:
        await room.calls.ask(ReleaseBenefits(order_id=release.order_id, attempt=release.attempt))


async def hold_again(room: Room, order: Order, attempt: int) -> int:
    """Takes all that an order needs once more, under a further attempt. Answers with the time (µs) for which the store
    now promises it; raises what the store, inventory or loyalty refused with."""
    taken, at, details = Taken(room, order.id, attempt), room.clock.now(), order.details
    terms = await taken.take_slot(
        store_id=order.store_id,
        fulfilment=order.fulfilment,
        address=details.address,
        scheduled_for=order.scheduled_for,
        at=at,
    )
    await taken.take_stock(
        store_id=order.store_id,
        customer_id=order.customer_id,
        lines=[
            WantedLine(
                line_id=line.id,
                product_id=line.product_id,
                quantity=line.quantity,
                options=[option.id for option in line.options],
            )
            for line in order.lines
        ],
        fee_tax_class=details.fee_tax.tax_class,
        at=at,
    )
    if order.benefits:
        await taken.retake_benefits()
    return terms.estimated_at


def definite(problem: Problem) -> bool:
    """Whether the other side said no, so that nothing was taken."""
    return problem.status < 500


async def _carry_out(room: Room, claim: Claim, wanted: Wanted, answer: Callable[[Whole], Any]) -> Reply:
    if claim.lapsed_effect_id is not None:
        await _give_back_of_the_dead(room, claim.lapsed_effect_id)
    taken = Taken(room, claim.effect_id)
    try:
        placing, store_code = await _prepare(room, claim, wanted, taken)
        failpoint("order.place.after_holds")
        data = await room.db.write(actions.place_order, claim, placing, store_code, wanted.counted_customer, answer)
    except Exception:
        written = await _give_up(room, claim, taken)
        if written is None:
            raise
        # The commit was in doubt, and had happened.
        return Reply(data=msgspec.Raw(written.data), status=written.status)
    failpoint("order.place.after_commit")
    return Reply(data=data, status=201)


async def _give_back_of_the_dead(room: Room, order_id: str) -> None:
    """A checkout that died may hold the last piece, the coupon, the points that this one wants. Where it cannot be done
    now, the job that was planned with the claim does it."""
    with suppress(Problem):
        await give_back(room, Release.of_all(order_id))


async def _prepare(room: Room, claim: Claim, wanted: Wanted, taken: Taken) -> tuple[Placing, str]:
    """Asks all that must be asked; says what is to be written, and the store's code."""
    at = room.clock.now()
    customer, terms = await _ask_customer_and_store(room, wanted, taken, at)
    held = await taken.take_stock(
        store_id=wanted.store_id,
        customer_id=wanted.customer_id,
        lines=wanted.lines,
        fee_tax_class=terms.fee_tax_class,
        at=at,
    )
    fee = delivery_fee(subtotal_of(held.lines), terms, wanted.fulfilment)
    benefits = await taken.take_benefits(wanted, held.lines, fee, at)
    sums = price(
        held.lines,
        terms,
        held.fee_tax,
        wanted.fulfilment,
        online=wanted.payment_method == "online",
        notes=wanted.notes_of_lines,
        benefits=benefits,
    )
    placing = Placing(
        order_id=claim.effect_id,
        customer_id=wanted.customer_id,
        store_id=wanted.store_id,
        fulfilment=wanted.fulfilment,
        payment_method=wanted.payment_method,
        sums=sums,
        details=_details(wanted, customer, terms, held, benefits),
        prep_minutes=terms.prep_minutes,
        scheduled_for=wanted.scheduled_for,
        estimated_at=terms.estimated_at,
        placed_by=wanted.placed_by,
        idempotency_key=claim.scope.key,
    )
    return placing, terms.store_code


async def _ask_customer_and_store(
    room: Room, wanted: Wanted, taken: Taken, at: int
) -> tuple[OrderingCustomer, ServingTerms]:
    """One after the other: the store may have to know where the customer lives, and a task for each costs more than
    what waiting side by side would save."""
    customer = await room.calls.ask(AskOrderingCustomer(customer_id=wanted.customer_id, address_id=wanted.address_id))
    terms = await taken.take_slot(
        store_id=wanted.store_id,
        fulfilment=wanted.fulfilment,
        address=wanted.address if wanted.address_id is None else customer.address,
        scheduled_for=wanted.scheduled_for,
        at=at,
    )
    return customer, terms


def _details(
    wanted: Wanted, customer: OrderingCustomer, terms: ServingTerms, held: StockHeld, benefits: BenefitsHeld
) -> Details:
    return Details(
        customer_name=customer.name,
        email=customer.email,
        phone=customer.phone,
        language=customer.language,
        address=wanted.address or customer.address if wanted.fulfilment == "delivery" else None,
        notes=wanted.notes,
        store_name=terms.store_name,
        store_state=terms.state,
        gstin=terms.gstin,
        time_zone=terms.time_zone,
        zone_id=terms.zone_id,
        fee_tax=held.fee_tax,
        coupon_code=benefits.coupon_code,
        points_redeemed=benefits.points,
        campaigns=benefits.campaigns,
    )


async def _give_up(room: Room, claim: Claim, taken: Taken) -> StoredAnswer | None:
    """Frees the key and gives back at once what was taken. The intent to do so is stored first: should it fail here, a
    job does it. Where not even that can be stored, claim and holds lapse by themselves."""
    try:
        written = await room.db.write(actions.give_up, claim, taken.release, room.clock.now() + PATIENCE)
        if written is None:
            await give_back(room, taken.release)
    except Problem:
        return None
    return written


_running: set[asyncio.Task[Any]] = set()
"""The event loop itself holds tasks by weak references only."""


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(work)
    _running.add(task)
    task.add_done_callback(_running.discard)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(_ended_unheard)
        raise


def _ended_unheard(task: asyncio.Task[Any]) -> None:
    """The client has left: a refusal is for nobody any more, a fault is for the log."""
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, Problem):
        _log.error("a checkout failed after its client had left", exc_info=error)
