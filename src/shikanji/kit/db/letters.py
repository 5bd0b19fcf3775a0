"""What an operator does about events whose handlers fail: list, show, retry, discard."""

from typing import Literal

import msgspec

from shikanji.kit.db.sql import COUNT_LETTERS, DISCARD, HURRY, MAKE_FIRST_DUE, REVIVE, SELECT_LETTER, SELECT_LETTERS
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Conflict, NotFound
from shikanji.kit.events import Envelope

State = Literal["done", "waiting", "dead", "discarded"]


class Letter(msgspec.Struct, frozen=True):
    """One event in an inbox. The envelope is kept as long as the event is not done. Times in µs."""

    event_id: str
    source: str
    type: str
    aggregate_id: str
    aggregate_version: int
    state: State
    attempts: int
    received_at: int
    next_at: int | None
    first_failed_at: int | None
    last_failed_at: int | None
    error: str | None
    envelope: bytes | None

    def read(self) -> Envelope | None:
        return Envelope.from_json(self.envelope) if self.envelope else None


class NoSuchLetter(NotFound):
    type, title = "event-not-found", "No such event in this inbox"


class NotWaiting(Conflict):
    type, title = "event-settled", "This event is neither dead nor waiting"


def letters(tx: Tx, state: Literal["dead", "waiting"], limit: int = 100) -> list[Letter]:
    """Those in one state, longest failing first."""
    return tx.run(SELECT_LETTERS[state], rows_max=limit).all(Letter)


def count(tx: Tx, state: Literal["dead", "waiting"]) -> int:
    found: int = tx.run(COUNT_LETTERS[state]).scalar()
    return found


def letter(tx: Tx, event_id: str) -> Letter:
    found = tx.run(SELECT_LETTER, id=event_id).one(Letter)
    if found is None:
        raise NoSuchLetter(f"{tx.service} has no event {event_id} in its inbox")
    return found


def retry(tx: Tx, event_id: str) -> None:
    """A dead one gets its ten tries again, at once; one that waits is tried at once."""
    found = letter(tx, event_id)
    if found.state == "dead":
        tx.run(REVIVE, id=event_id, next_at=tx.now)
    elif found.state == "waiting":
        tx.run(HURRY, id=event_id, next_at=tx.now)
    else:
        raise NotWaiting(f"{event_id} is {found.state}")


def discard(tx: Tx, event_id: str, reason: str) -> None:
    """It will never have its effects here; what waited behind it goes on. The reason is kept with it."""
    found = letter(tx, event_id)
    if found.state not in ("dead", "waiting"):
        raise NotWaiting(f"{event_id} is {found.state}")
    tx.run(DISCARD, id=event_id, error=f"discarded: {reason}")
    if found.next_at is not None:
        tx.run(MAKE_FIRST_DUE, of_source=found.source, of_aggregate=found.aggregate_id, next_at=tx.now)
