"""What an event is, on its way from the transaction that recorded it to the ones that act on it."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from shikanji.kit.clock import from_rfc3339, to_rfc3339
from shikanji.kit.db.tx import Tx

EVENT_BYTES_MAX = 524_288
"""Of an event's data. A message bus takes no more than about twice that, and what it does not take never leaves."""

E = TypeVar("E", bound="Event")
Kind = type[E]


class Event(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A fact in the published language. Its name is the class's name; `aggregate` names the field whose value is the
    id of the thing that changed; `complete` is true where the event carries the aggregate's whole state."""

    aggregate: ClassVar[str]
    schema_version: ClassVar[str] = "1"
    complete: ClassVar[bool] = False

    @property
    def aggregate_id(self) -> str:
        return str(getattr(self, self.aggregate))


class Metadata(msgspec.Struct, frozen=True, rename="camel"):
    source: str
    version: str
    correlation_id: str
    causation_id: str
    aggregate_id: str
    aggregate_version: int


class Envelope(msgspec.Struct, rename="camel"):
    """One event as it travels: the blueprint's envelope, its data still encoded. `payload_hash` (BLAKE2b-128 of
    `data`, hex) travels beside it so that both ends can be compared."""

    id: str
    type: str
    occurred_at: int
    data: bytes
    payload_hash: str
    metadata: Metadata
    _decoded: Any = None

    def event(self, kind: Kind[E]) -> E:
        """The data as `kind`; decoded once, however many subscribers ask."""
        if self._decoded is None:
            self._decoded = _decoder(kind).decode(self.data)
        decoded: E = self._decoded
        return decoded

    def to_json(self) -> bytes:
        """The wire form: `{id, type, timestamp, data, metadata}`."""
        return msgspec.json.encode(
            {
                "id": self.id,
                "type": self.type,
                "timestamp": to_rfc3339(self.occurred_at),
                "data": msgspec.Raw(self.data),
                "metadata": self.metadata,
            }
        )

    @classmethod
    def from_json(cls, wire: bytes) -> "Envelope":
        """Reads the wire form. The data stay the very bytes that were sent."""
        read = msgspec.json.decode(wire, type=_Wire)
        data = bytes(read.data)
        return cls(read.id, read.type, from_rfc3339(read.timestamp), data, payload_hash(data), read.metadata)


class _Wire(msgspec.Struct):
    id: str
    type: str
    timestamp: str
    data: msgspec.Raw
    metadata: Metadata


@cache
def _decoder(kind: type[Event]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def payload_hash(data: bytes) -> str:
    """BLAKE2b-128 of an event's data, in hex: the same on both ends."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class Batch(Generic[E]):
    """Events of one type that came together, those of one aggregate in their order: each is another event, but two may
    be about one thing. What is recorded is said to follow from the last of them, or, inside `each`, from its own."""

    def __init__(self, envelopes: Sequence[Envelope], kind: type[E]) -> None:
        self._envelopes = envelopes
        self.events: list[E] = [envelope.event(kind) for envelope in envelopes]

    def each(self, tx: Tx, of: Iterable[E] | None = None) -> Iterator[E]:
        """One after the other, of all or of those given; what is recorded meanwhile follows from that one."""
        wanted = None if of is None else {id(event) for event in of}
        for envelope, event in zip(self._envelopes, self.events, strict=True):
            if wanted is None or id(event) in wanted:
                _work_for(tx, envelope)
                yield event


Handler = Callable[[Tx, Batch[Any]], None]
EveryHandler = Callable[[Tx, Sequence[Envelope]], None]


class Subscribers:
    """What a service does when others did something: one handler per event type, each run inside the inbox's
    transaction. A handler may run late and after others; it is right in any order."""

    def __init__(self) -> None:
        self.kinds: dict[str, type[Event]] = {}
        self.every = False
        """Whether these are all events there are, also those of a service that is not part of the platform yet."""
        self._handlers: dict[str, Handler] = {}
        self._take: EveryHandler | None = None

    def on(self, kind: type[E]) -> Callable[[Callable[[Tx, E], None]], Callable[[Tx, E], None]]:
        """A handler of one event at a time."""

        def register(handler: Callable[[Tx, E], None]) -> Callable[[Tx, E], None]:
            def handle_each(tx: Tx, batch: Batch[E]) -> None:
                for event in batch.each(tx):
                    handler(tx, event)

            self._register(kind, handle_each)
            return handler

        return register

    def on_many(self, kind: type[E]) -> Callable[[Callable[[Tx, Batch[E]], None]], Callable[[Tx, Batch[E]], None]]:
        """A handler of all that came together, for what every order brings: a few statements for a batch instead of a
        few for each. When it fails it is called again with one event at a time."""

        def register(handler: Callable[[Tx, Batch[E]], None]) -> Callable[[Tx, Batch[E]], None]:
            self._register(kind, handler)
            return handler

        return register

    def on_every(self, kinds: Iterable[type[Event]]) -> Callable[[EveryHandler], EveryHandler]:
        """Instead of all others, for a service that keeps whatever happens anywhere: one handler of all that came
        together, still encoded. Nothing follows from what it keeps: it records no event."""

        def register(handler: EveryHandler) -> EveryHandler:
            if self.kinds:
                raise ValueError("there are handlers already")
            self.kinds = {kind.__name__: kind for kind in kinds}
            self.every, self._take = True, handler
            return handler

        return register

    def handle(self, tx: Tx, *envelopes: Envelope) -> None:
        """Those of one type together, as far as each aggregate keeps its order."""
        if self._take is not None:
            self._take(tx, envelopes)
            return
        for group in _together(envelopes):
            _work_for(tx, group[-1])
            name = group[0].type
            self._handlers[name](tx, Batch(group, self.kinds[name]))

    def _register(self, kind: type[Event], handler: Handler) -> None:
        name = kind.__name__
        if self.every or name in self._handlers:
            raise ValueError(f"{name} has a handler already")
        self.kinds[name], self._handlers[name] = kind, handler


def _together(envelopes: Iterable[Envelope]) -> list[list[Envelope]]:
    """Groups of one type each. An event joins the last group of its type, unless an earlier one of its aggregate is in
    a group after that."""
    groups: list[list[Envelope]] = []
    last_of_type: dict[str, int] = {}
    reached: dict[tuple[str, str], int] = {}
    for envelope in envelopes:
        aggregate = (envelope.metadata.source, envelope.metadata.aggregate_id)
        place = last_of_type.get(envelope.type, -1)
        if place < reached.get(aggregate, 0):
            place = last_of_type[envelope.type] = len(groups)
            groups.append([])
        groups[place].append(envelope)
        reached[aggregate] = place
    return groups


def _work_for(tx: Tx, envelope: Envelope) -> None:
    tx.correlation_id, tx.causation_id = envelope.metadata.correlation_id, envelope.id
