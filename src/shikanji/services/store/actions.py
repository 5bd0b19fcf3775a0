"""What the store service does: one function per use case, each run inside one transaction."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import asdict, replace

from shikanji.contracts.customer import VerifiedAccount
from shikanji.contracts.order import HoldOwner, OrderCancelled, OrderCreated
from shikanji.contracts.store import AskServingTerms, Seller, ServingTerms
from shikanji.kit.auth import Role
from shikanji.kit.clock import DAY, MINUTE
from shikanji.kit.db.faults import ConstraintViolated
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.kit.jobs import Job
from shikanji.kit.web.etags import etag, require_match
from shikanji.services.store import repository
from shikanji.services.store.errors import AlreadyStaff, CodeTaken, SlotFull, SlotGone, SlugTaken
from shikanji.services.store.model import selling, serving
from shikanji.services.store.model import store as rules
from shikanji.services.store.model.hours import Closure, Hours
from shikanji.services.store.model.slots import NO_SLOT, Place, PlaceKey
from shikanji.services.store.model.staff import Member, manager_may_grant, manager_may_touch
from shikanji.services.store.model.store import Changed, Particulars, Store
from shikanji.services.store.model.zones import Place as Destination
from shikanji.services.store.model.zones import Zone
from shikanji.services.store.settings import StoreSettings

LAPSE = "lapse-place"


def create_store(tx: Tx, wanted: Particulars) -> Store:
    """Opens a store; raises Invalid, SlugTaken, CodeTaken."""
    slug = wanted.slug or rules.slug_of(wanted.name)
    fields = asdict(wanted) | {"slug": slug, "code": wanted.code or _free_code(tx, slug)}
    store, events = rules.open_store(Store(id=tx.new_id(), created_at=tx.now, updated_at=tx.now, **fields))
    if not repository.add_store(tx, store):
        raise _taken(tx, store)
    for event in events:
        tx.record(event)
    return store


def update_store(tx: Tx, store_id: str, wanted: Mapping[str, Any], expected: str | None = None) -> Store:
    """Changes the wanted fields of `Particulars`; raises Invalid, SlugTaken, CodeTaken, PreconditionFailed."""
    return _edit(tx, store_id, lambda store: rules.change(store, wanted, tx.now), expected)


def deactivate_store(tx: Tx, store_id: str) -> Store:
    return update_store(tx, store_id, {"active": False})


def set_hours(tx: Tx, store_id: str, hours: Sequence[Hours], expected: str | None = None) -> Store:
    return _edit(tx, store_id, lambda store: rules.set_hours(store, hours, tx.now), expected)


def add_closure(tx: Tx, store_id: str, wanted: Closure) -> Closure:
    """Adds the closure under a new id."""
    closure = replace(wanted, id=tx.new_id())
    _edit(tx, store_id, lambda store: rules.add_closure(store, closure, tx.now))
    return closure


def remove_closure(tx: Tx, store_id: str, closure_id: str) -> Store:
    return _edit(tx, store_id, lambda store: rules.remove_closure(store, closure_id, tx.now))


def add_zone(tx: Tx, store_id: str, wanted: Zone) -> Zone:
    """Adds the zone under a new id."""
    zone = replace(wanted, id=tx.new_id())
    _edit(tx, store_id, lambda store: rules.put_zone(store, zone, tx.now))
    return zone


def replace_zone(tx: Tx, store_id: str, wanted: Zone, expected: str | None = None) -> Store:
    def rule(store: Store) -> Changed:
        rules.find_zone(store, wanted.id)
        return rules.put_zone(store, wanted, tx.now)

    return _edit(tx, store_id, rule, expected)


def remove_zone(tx: Tx, store_id: str, zone_id: str) -> Store:
    return _edit(tx, store_id, lambda store: rules.remove_zone(store, zone_id, tx.now))


def add_staff(tx: Tx, store_id: str, account: VerifiedAccount, role: Role, *, head_office: bool) -> Member:
    """Gives the account a role in the store; raises AlreadyStaff, RoleNotGrantable."""
    if not head_office:
        manager_may_grant(role)
    repository.find_store(tx, store_id)
    member = repository.add_member(tx, store_id, account.account_id, role)
    if member is None:
        raise AlreadyStaff(f"{account.name} works in this store already")
    tx.record(member.added())
    return member


def change_role(
    tx: Tx, store_id: str, staff_id: str, role: Role, *, head_office: bool, expected: str | None = None
) -> Member:
    member = repository.lock_member(tx, store_id, staff_id)
    expect_version(expected, member.version)
    if not head_office:
        manager_may_touch(member)
        manager_may_grant(role)
    if member.role == role:
        return member
    member = replace(member, role=role, version=member.version + 1)
    repository.save_member(tx, member)
    tx.record(member.updated())
    return member


def remove_staff(tx: Tx, store_id: str, staff_id: str, *, head_office: bool) -> None:
    member = repository.lock_member(tx, store_id, staff_id)
    if not head_office:
        manager_may_touch(member)
    member = replace(member, removed_at=tx.now, version=member.version + 1)
    repository.save_member(tx, member)
    tx.record(member.removed())


def staff_of(tx: Tx, store_id: str, after: str | None, limit: int) -> list[Member]:
    repository.find_store(tx, store_id)
    return repository.list_members(tx, store_id, after, limit)


def serving_terms(tx: Tx, asked: AskServingTerms) -> ServingTerms:
    """The terms, without taking anything."""
    return serving.terms(repository.find_store(tx, asked.store_id), _wanted(asked))


def seller(tx: Tx, store_id: str) -> Seller:
    """Raises StoreNotFound."""
    return selling.seller_of(repository.find_store(tx, store_id))


def hold_place(tx: Tx, asked: AskServingTerms) -> ServingTerms:
    """The terms, and a place in the slot where the store sets a capacity; raises SlotFull, SlotGone."""
    store = repository.find_store(tx, asked.store_id)
    terms = serving.terms(store, _wanted(asked))
    if store.capacity_per_slot is None:
        return terms
    starts_at = serving.slot_start(store, serving.load_at(store, asked.scheduled_for, asked.at))
    place = Place(asked.order_id, asked.attempt, store.id, starts_at, "untied", tx.now)
    if repository.add_place(tx, place):
        if not repository.take_in_slot(tx, store.id, starts_at, store.capacity_per_slot):
            raise SlotFull(f"{store.name} has no place left at that time")
        _plan_lapse(tx, place)
    elif _state(tx, asked.order_id, asked.attempt) == "released":
        raise SlotGone
    failpoint("store.hold_place.before_commit")
    return terms


def release_place(tx: Tx, order_id: str, attempt: int) -> bool:
    """Gives an untied place back, or leaves a tombstone; False where nothing was given back."""
    if repository.add_place(tx, _tombstone(tx, order_id, attempt)):
        return False
    place = repository.find_place(tx, order_id, attempt)
    return place is not None and place.state == "untied" and _release(tx, place)


def with_places(tx: Tx, events: Sequence[OrderCreated]) -> list[OrderCreated]:
    """Those that take a place in a slot: of stores without a capacity none do."""
    placed = repository.with_places(tx, {event.order_id for event in events})
    counting = repository.with_capacity(tx, {event.store_id for event in events})
    return [event for event in events if event.order_id in placed or event.store_id in counting]


def tie_place(tx: Tx, event: OrderCreated) -> None:
    """The order is there: its place is its own, and it is counted even where it never had one."""
    if repository.find_place(tx, event.order_id, event.attempt) is not None:
        _tie(tx, event.order_id, event.attempt)
    elif repository.find_capacity(tx, event.store_id) is not None:
        _count(tx, event)
    failpoint("store.order_created.before_commit")


def free_places(tx: Tx, event: OrderCancelled) -> None:
    """Frees what the order held under any attempt up to the last; a place that is counted later comes to nothing."""
    places = repository.find_places(tx, event.order_id, event.attempt)
    for place in places:
        if place.state != "released":
            _release(tx, place)
    known = any(place.attempt == event.attempt for place in places)
    if not known and repository.find_capacity(tx, event.store_id) is not None:
        repository.add_place(tx, _tombstone(tx, event.order_id, event.attempt))


def settle_place(tx: Tx, job: Job, key: PlaceKey, owner: HoldOwner) -> None:
    """What becomes of a place that waited too long, once the order service has given a definite answer."""
    tx.finish(job)
    if owner.written:
        repository.move_place(tx, key.order_id, key.attempt, "untied", "tied")
    else:
        release_place(tx, key.order_id, key.attempt)


def purge_slots(tx: Tx) -> None:
    repository.purge_slots(tx, before=tx.now - tx.settings(StoreSettings).slot_keep_days * DAY)


def expect_version(if_match: str | None, version: int) -> None:
    """Raises PreconditionFailed unless If-Match, where it is given, names this version. A tag may say more after a
    dash: a store's does, since whether it is open changes without an edit."""
    if if_match is not None:
        require_match(re.sub(r'-[^",]*"', '"', if_match), etag(version))


def _edit(tx: Tx, store_id: str, rule: Callable[[Store], Changed], expected: str | None = None) -> Store:
    before = repository.lock_store(tx, store_id)
    expect_version(expected, before.version)
    after, events = rule(before)
    if after == before:
        return before
    try:
        with tx.savepoint():
            repository.save_store(tx, before, after)
    except ConstraintViolated:
        raise _taken(tx, after) from None
    for event in events:
        tx.record(event)
    return after


def _taken(tx: Tx, store: Store) -> SlugTaken | CodeTaken:
    other = repository.find_by_slug(tx, store.slug)
    if other is not None and other.id != store.id:
        return SlugTaken(f"{store.slug} is the slug of {other.name}")
    return CodeTaken(f"{store.code} is the code of another store")


def _free_code(tx: Tx, slug: str) -> str:
    for code in rules.codes_for(slug):
        if not repository.code_is_taken(tx, code):
            return code
    raise CodeTaken("every code made from this name is taken: give one")


def _wanted(asked: AskServingTerms) -> serving.Wanted:
    point = None
    if asked.latitude is not None and asked.longitude is not None:
        point = (asked.latitude, asked.longitude)
    return serving.Wanted(
        fulfilment=asked.fulfilment,
        place=Destination(postal_code=asked.postal_code, point=point),
        scheduled_for=asked.scheduled_for,
        at=asked.at,
    )


def _plan_lapse(tx: Tx, place: Place) -> None:
    key = PlaceKey(order_id=place.order_id, attempt=place.attempt, taken_at=place.taken_at)
    tx.schedule(LAPSE, key.text, tx.now + tx.settings(StoreSettings).slot_hold_minutes * MINUTE, key)


def _count(tx: Tx, event: OrderCreated) -> None:
    store = repository.find_store(tx, event.store_id)
    starts_at = serving.slot_start(store, serving.load_at(store, event.scheduled_for, event.placed_at))
    if repository.add_place(tx, Place(event.order_id, event.attempt, store.id, starts_at, "tied", tx.now)):
        repository.count_in_slot(tx, store.id, starts_at)
    else:
        _tie(tx, event.order_id, event.attempt)


def _tie(tx: Tx, order_id: str, attempt: int) -> None:
    if repository.move_place(tx, order_id, attempt, "untied", "tied"):
        _unplan_lapse(tx, order_id, attempt)


def _release(tx: Tx, place: Place) -> bool:
    if not repository.move_place(tx, place.order_id, place.attempt, place.state, "released"):
        return False
    repository.free_in_slot(tx, place.store_id, place.starts_at)
    _unplan_lapse(tx, place.order_id, place.attempt)
    return True


def _unplan_lapse(tx: Tx, order_id: str, attempt: int) -> None:
    tx.unschedule(LAPSE, PlaceKey(order_id=order_id, attempt=attempt, taken_at=0).text)


def _state(tx: Tx, order_id: str, attempt: int) -> str | None:
    place = repository.find_place(tx, order_id, attempt)
    return place.state if place else None


def _tombstone(tx: Tx, order_id: str, attempt: int) -> Place:
    return Place(order_id, attempt, "", NO_SLOT, "released", tx.now)
