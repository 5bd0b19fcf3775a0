"""Is it open, does it deliver there, at what fee and by when; and for which times can one order."""

from shikanji.kit.clock import from_rfc3339, to_rfc3339
from shikanji.kit.errors import Invalid
from shikanji.kit.service import Room
from shikanji.kit.web.routes import Incoming, Who
from shikanji.services.store import repository
from shikanji.services.store.errors import StoreNotFound
from shikanji.services.store.model.serving import Outlook, Wanted, bookable_slots, outlook
from shikanji.services.store.model.store import Store
from shikanji.services.store.model.zones import Place
from shikanji.services.store.routes.declared import routes
from shikanji.services.store.routes.stores import visible_store
from shikanji.services.store.schemas import AskServing, AskSlots, ServingView, SlotView


@routes.get(
    "/api/v1/stores/{id}/serving",
    query=AskServing,
    returns=ServingView,
    who=Who.ANYONE,
    raises=[StoreNotFound, Invalid],
)
async def get_serving(room: Room, incoming: Incoming[None, AskServing]) -> ServingView:
    """Is it open, does it deliver there, at what fee and by when.

    The answer is the one that an order would get now (or, with `at`, one scheduled for then), but for what is in stock
    and how full the slot is."""
    store = await visible_store(room, incoming)
    wanted = _wanted(incoming.query, room.clock.now())
    return _view(store, wanted, outlook(store, wanted))


@routes.get(
    "/api/v1/stores/{id}/slots",
    query=AskSlots,
    returns=list[SlotView],
    who=Who.ANYONE,
    raises=[StoreNotFound, Invalid],
)
async def list_slots(room: Room, incoming: Incoming[None, AskSlots]) -> list[SlotView]:
    """The times of one day for which an order can be scheduled, and the places left."""
    store = await visible_store(room, incoming)
    starts = bookable_slots(store, incoming.query.fulfilment, incoming.query.date, room.clock.now())
    if not starts or store.capacity_per_slot is None:
        return [SlotView(starts_at=to_rfc3339(start), left=None) for start in starts]
    taken = await room.db.read(repository.taken_between, store.id, starts[0], starts[-1] + 1)
    return [
        SlotView(starts_at=to_rfc3339(start), left=max(0, store.capacity_per_slot - taken.get(start, 0)))
        for start in starts
    ]


def _wanted(query: AskServing, now: int) -> Wanted:
    if (query.latitude is None) != (query.longitude is None):
        raise Invalid.field("longitude" if query.longitude is None else "latitude", "comes with the other one")
    point = None
    if query.latitude is not None and query.longitude is not None:
        point = (query.latitude, query.longitude)
    return Wanted(
        fulfilment=query.fulfilment,
        place=Place(postal_code=query.postal_code, point=point),
        scheduled_for=None if query.at is None else _moment(query.at),
        at=now,
    )


def _moment(text: str) -> int:
    try:
        return from_rfc3339(text)
    except (ValueError, OverflowError):
        raise Invalid.field("at", "is a time with a zone such as 2026-11-22T12:00:00+05:30") from None


def _view(store: Store, wanted: Wanted, seen: Outlook) -> ServingView:
    return ServingView(
        serves=seen.refusal is None,
        reason=seen.refusal.type if seen.refusal else None,
        detail=seen.refusal.detail if seen.refusal else None,
        is_open=seen.is_open,
        delivers_there=seen.delivery is not None,
        delivery_fee=seen.delivery.fee if seen.delivery else None,
        free_delivery_above=store.free_delivery_above if wanted.fulfilment == "delivery" else None,
        minimum_order=store.minimum_order if wanted.fulfilment == "delivery" else 0,
        zone_id=seen.delivery.zone.id if seen.delivery and seen.delivery.zone else None,
        estimated_at=_text(seen.estimated_at),
        closes_at=_text(seen.closes_at),
        opens_at=_text(seen.opens_at),
    )


def _text(at: int | None) -> str | None:
    return None if at is None else to_rfc3339(at)
