"""Events come in: all are kept, and what they say is folded into the figures, in the same transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from shikanji.contracts.inventory import CategoryUpdated, ProductCreated, ProductUpdated
from shikanji.contracts.store import StoreCreated, StoreUpdated
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Envelope, Event
from shikanji.services.analytics.actions import folding, naming
from shikanji.services.analytics.model.order import TELLING
from shikanji.services.analytics.repository import events, rebuilds
from shikanji.services.analytics.repository.events import Kept

NAMING: tuple[type[Event], ...] = (StoreCreated, StoreUpdated, ProductCreated, ProductUpdated, CategoryUpdated)
_FOLDED = {kind.__name__: kind for kind in (*TELLING, *NAMING)}


class _OfStore(msgspec.Struct, rename="camel"):
    store_id: str | None = None


_of_store = msgspec.json.Decoder(_OfStore).decode


class Told(msgspec.Struct, frozen=True):
    """An event that figures or names are made of."""

    event: Event
    at: int
    version: int


def keep(tx: Tx, envelopes: Sequence[Envelope]) -> None:
    """The inbox hands each over once. While all figures are made anew, its turn comes there. The lock comes first:
    were an event numbered before it, a step could pass its number before it is there to be folded."""
    rebuilding = rebuilds.share(tx)
    events.keep(tx, [_row(envelope, tx.now) for envelope in envelopes])
    if rebuilding:
        return
    told = [
        Told(envelope.event(_FOLDED[envelope.type]), envelope.occurred_at, envelope.metadata.aggregate_version)
        for envelope in envelopes
        if envelope.type in _FOLDED
    ]
    fold(tx, told)


def fold_kept(tx: Tx, kept: Iterable[Kept]) -> None:
    """Once more, from what was kept."""
    fold(tx, [Told(_decoded(each), each.at, each.version) for each in kept if each.type in _FOLDED])


def fold(tx: Tx, told: Iterable[Told]) -> None:
    orders: dict[str, list[tuple[Event, int]]] = {}
    named: list[Told] = []
    for one in told:
        if isinstance(one.event, NAMING):
            named.append(one)
        else:
            order_id: str = one.event.order_id  # type: ignore[attr-defined]
            orders.setdefault(order_id, []).append((one.event, one.at))
    if named:
        naming.learn(tx, [(one.event, one.at, one.version) for one in named])
    if orders:
        folding.fold_orders(tx, orders)


_decoders: Mapping[str, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(kind) for name, kind in _FOLDED.items()
}


def _decoded(kept: Kept) -> Event:
    event: Event = _decoders[kept.type].decode(kept.data)
    return event


def _row(envelope: Envelope, now: int) -> dict[str, Any]:
    metadata = envelope.metadata
    return {
        "id": envelope.id,
        "type": envelope.type,
        "at": envelope.occurred_at,
        "store_id": _of_store(envelope.data).store_id,
        "aggregate_id": metadata.aggregate_id,
        "version": metadata.aggregate_version,
        "received_at": now,
        "data": envelope.data,
    }
