"""Photos of reviews, as rows; their files lie in the files store."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import any_of
from shikanji.kit.db.tx import Tx
from shikanji.services.review.errors import PhotoNotFound
from shikanji.services.review.model.photo import Photo
from shikanji.services.review.tables import NOT_STORED, review_photos


def add(tx: Tx, photo: Photo) -> None:
    tx.run(ADD, **msgspec.structs.asdict(photo))


def find(tx: Tx, review_id: str, photo_id: str) -> Photo:
    """One whose files are there. Raises PhotoNotFound."""
    photo = tx.run(FIND, photo_id=photo_id).one(Photo)
    if photo is None or photo.review_id != review_id or photo.state != "stored":
        raise PhotoNotFound
    return photo


def locked(tx: Tx, photo_id: str) -> Photo | None:
    return tx.run(LOCKED, photo_id=photo_id).one(Photo)


def of_review(tx: Tx, review_id: str) -> list[Photo]:
    """All that count for it, also those that are being stored."""
    return [photo for photo in tx.run(OF_REVIEW, review_id=review_id).all(Photo) if photo.state != "gone"]


def stored(tx: Tx, review_ids: Sequence[str]) -> dict[str, list[Photo]]:
    """By review, in the order of their coming."""
    found: dict[str, list[Photo]] = {}
    for photo in tx.run(STORED, review_ids=review_ids).all(Photo):
        found.setdefault(photo.review_id, []).append(photo)
    return found


def come_to(tx: Tx, photo: Photo, state: str) -> None:
    tx.run(COME_TO, photo_id=photo.id, state=state, at=tx.now)


def let_go_of_review(tx: Tx, review_id: str) -> None:
    tx.run(LET_GO, review_id=review_id, at=tx.now)


def to_settle(tx: Tx, changed_before: int, limit: int) -> list[Photo]:
    """Whose files are to be deleted: those that went, and those that should have been stored long ago."""
    return tx.run(TO_SETTLE, changed_before=changed_before, rows_max=limit).all(Photo)


def delete(tx: Tx, photo_id: str) -> None:
    tx.run(DELETE, photo_id=photo_id)


_IS = review_photos.c.id == bindparam("photo_id")
_ALL: tuple[sa.ColumnElement[Any], ...] = tuple(review_photos.c)

ADD = sa.insert(review_photos)
FIND = sa.select(*_ALL).where(_IS)
LOCKED = FIND.with_for_update()
OF_REVIEW = sa.select(*_ALL).where(review_photos.c.review_id == bindparam("review_id"))
STORED = (
    sa.select(*_ALL)
    .where(any_of(review_photos.c.review_id, "review_ids"), review_photos.c.state == "stored")
    .order_by(review_photos.c.review_id, review_photos.c.id)
)
COME_TO = sa.update(review_photos).where(_IS).values(state=bindparam("state"), changed_at=bindparam("at"))
LET_GO = (
    sa.update(review_photos)
    .where(review_photos.c.review_id == bindparam("review_id"))
    .values(state="gone", changed_at=bindparam("at"))
)
TO_SETTLE = (
    sa.select(*_ALL)
    .where(NOT_STORED, review_photos.c.changed_at < bindparam("changed_before"))
    .order_by(review_photos.c.changed_at)
    .limit(bindparam("rows_max"))
)
DELETE = sa.delete(review_photos).where(_IS)
