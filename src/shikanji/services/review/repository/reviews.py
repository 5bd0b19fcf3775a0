"""Reviews, the decisions on them, and responses."""

from collections.abc import Collection, Sequence
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.contracts.review import ReviewStatus
from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.review.errors import AlreadyReviewed, ReviewNotFound
from shikanji.services.review.model.rating import Subject
from shikanji.services.review.model.review import Decision, Review
from shikanji.services.review.tables import OF_ORDER as OF_WHOLE_ORDER
from shikanji.services.review.tables import (
    OF_PRODUCT,
    PRODUCT_SHOWN,
    STORE_SHOWN,
    TOLD_APART,
    review_decisions,
    review_responses,
    reviews,
)

Sort = Literal["newest", "highest", "lowest"]
DECISIONS_MAX = 100


class Response(msgspec.Struct, frozen=True):
    review_id: str
    text: str
    by: str
    at: int


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the reviews that are shown; `after` is the key of the last that is known: its rating where that sorts,
    and its id."""

    subject: Subject
    sort: Sort = "newest"
    rating: int | None = None
    with_photos: bool = False
    after: tuple[Any, ...] | None = None
    limit: int


def find(tx: Tx, review_id: str) -> Review:
    row = tx.run(FIND, review_id=review_id).first()
    if row is None:
        raise ReviewNotFound
    return _review(row)


def locked(tx: Tx, review_id: str) -> Review:
    row = tx.run(LOCKED, review_id=review_id).first()
    if row is None:
        raise ReviewNotFound
    return _review(row)


def add(tx: Tx, review: Review) -> None:
    """Raises AlreadyReviewed."""
    if tx.run(ADD, **_columns(review)).count == 0:
        raise AlreadyReviewed
    _add_decisions(tx, review)


def save(tx: Tx, review: Review) -> None:
    given = {f"new_{name}": value for name, value in _columns(review).items() if name in _CHANGING}
    tx.run(SAVE, review_id=review.id, **given)
    _add_decisions(tx, review)


def delete(tx: Tx, review_id: str) -> None:
    """With its decisions and its response; its photos are another matter."""
    tx.run(DELETE, review_id=review_id)


def is_alike(tx: Tx, fingerprint: str, but: str) -> bool:
    """Whether another review says the same."""
    return tx.run(ALIKE, fingerprint=fingerprint, but=but).first() is not None


def of_order(tx: Tx, order_id: str) -> dict[str | None, str]:
    """Review ids by what they are of."""
    return {row[0]: row[1] for row in tx.run(OF_ORDER, order_id=order_id)}


def shown(tx: Tx, wanted: Wanted) -> list[Review]:
    return [_review(row) for row in tx.execute(_shown(wanted))]


def of_customer(tx: Tx, customer_id: str, before: str | None, limit: int) -> list[Review]:
    """Newest first."""
    return [
        _review(row)
        for row in tx.run(OF_CUSTOMER, customer_id=customer_id, before=before or _AFTER_ALL, rows_max=limit)
    ]


def to_see(
    tx: Tx, status: ReviewStatus, store_ids: Collection[str] | None, after: str | None, limit: int
) -> list[Review]:
    """Those in one state, the oldest first; None: of all stores."""
    statement = sa.select(*reviews.c).where(reviews.c.status == status, reviews.c.id > (after or ""))
    if store_ids is not None:
        statement = statement.where(reviews.c.store_id.in_(sorted(store_ids)))
    return [_review(row) for row in tx.execute(statement.order_by(reviews.c.id).limit(limit))]


def decisions(tx: Tx, review_id: str) -> list[Decision]:
    """The newest first."""
    return [
        Decision(row[0], row[1], msgspec.json.decode(row[2], type=list[str]), *row[3:])
        for row in tx.run(DECISIONS, review_id=review_id)
    ]


def responses(tx: Tx, review_ids: Sequence[str]) -> dict[str, Response]:
    return {each.review_id: each for each in tx.run(RESPONSES, review_ids=review_ids).all(Response)}


def respond(tx: Tx, response: Response) -> None:
    tx.run(RESPOND, review_id=response.review_id, text=response.text, by=response.by, at=response.at)


def take_response_back(tx: Tx, review_id: str) -> bool:
    return tx.run(TAKE_BACK, review_id=review_id).count == 1


def _review(row: tuple[Any, ...]) -> Review:
    fields = dict(zip(_NAMES, row, strict=True))
    return Review(**{**fields, "reasons": msgspec.json.decode(fields["reasons"], type=list[str])})


def _columns(review: Review) -> dict[str, Any]:
    return {name: getattr(review, name) for name in _NAMES} | {"reasons": msgspec.json.encode(review.reasons)}


def _add_decisions(tx: Tx, review: Review) -> None:
    rows = [
        {
            "review_id": review.id,
            "number": decision.number,
            "status": decision.status,
            "reasons": msgspec.json.encode(decision.reasons),
            "note": decision.note,
            "by": decision.by,
            "at": decision.at,
        }
        for decision in review.decisions
    ]
    if rows:
        tx.run_each(ADD_DECISION, rows)


def _shown(wanted: Wanted) -> sa.Select[Any]:
    of_product = wanted.subject.kind == "product"
    column = reviews.c.product_id if of_product else reviews.c.store_id
    statement = sa.select(*reviews.c).where(PRODUCT_SHOWN if of_product else STORE_SHOWN, column == wanted.subject.id)
    if wanted.rating is not None:
        statement = statement.where(reviews.c.rating == wanted.rating)
    if wanted.with_photos:
        statement = statement.where(reviews.c.photos > 0)
    if wanted.after is not None:
        statement = statement.where(_beyond(wanted.sort, wanted.after))
    return statement.order_by(*_ORDERS[wanted.sort]).limit(wanted.limit)


def _beyond(sort: Sort, after: tuple[Any, ...]) -> sa.ColumnElement[bool]:
    if sort == "newest":
        (newest_id,) = after
        return reviews.c.id < str(newest_id)
    stars, last_id = after
    farther = reviews.c.rating < stars if sort == "highest" else reviews.c.rating > stars
    return sa.or_(farther, sa.and_(reviews.c.rating == stars, reviews.c.id < last_id))


_AFTER_ALL = "g"
"""After every id."""
_NAMES = tuple(column.name for column in reviews.c)
_CHANGING = ("rating", "text", "fingerprint", "status", "reasons", "photos", "version", "updated_at")
_ORDERS: dict[Sort, tuple[sa.ColumnElement[Any], ...]] = {
    "newest": (reviews.c.id.desc(),),
    "highest": (reviews.c.rating.desc(), reviews.c.id.desc()),
    "lowest": (reviews.c.rating.asc(), reviews.c.id.desc()),
}
_IS = reviews.c.id == bindparam("review_id")

FIND = sa.select(*reviews.c).where(_IS)
LOCKED = FIND.with_for_update()
ADD = upsert(reviews).on_conflict_do_nothing()
SAVE = sa.update(reviews).where(_IS).values({name: bindparam(f"new_{name}") for name in _CHANGING})
DELETE = sa.delete(reviews).where(_IS)
ALIKE = (
    sa.select(reviews.c.id)
    .where(TOLD_APART, reviews.c.fingerprint == bindparam("fingerprint"), reviews.c.id != bindparam("but"))
    .limit(1)
)
_OF_ORDER = sa.select(reviews.c.product_id, reviews.c.id).where(reviews.c.order_id == bindparam("order_id"))
# Each by the index that has only such reviews.
OF_ORDER = sa.union_all(_OF_ORDER.where(OF_PRODUCT), _OF_ORDER.where(OF_WHOLE_ORDER))
OF_CUSTOMER = (
    sa.select(*reviews.c)
    .where(reviews.c.customer_id == bindparam("customer_id"), reviews.c.id < bindparam("before"))
    .order_by(reviews.c.id.desc())
    .limit(bindparam("rows_max"))
)
ADD_DECISION = sa.insert(review_decisions)
DECISIONS = (
    sa.select(*(column for column in review_decisions.c if column.name != "review_id"))
    .where(review_decisions.c.review_id == bindparam("review_id"))
    .order_by(review_decisions.c.number.desc())
    .limit(DECISIONS_MAX)
)
RESPONSES = sa.select(*review_responses.c).where(any_of(review_responses.c.review_id, "review_ids"))
_response = upsert(review_responses).values(
    review_id=bindparam("review_id"), text=bindparam("text"), by=bindparam("by"), at=bindparam("at")
)
RESPOND = _response.on_conflict_do_update(
    index_elements=["review_id"],
    set_={"text": _response.excluded.text, "by": _response.excluded.by, "at": _response.excluded.at},
)
TAKE_BACK = sa.delete(review_responses).where(review_responses.c.review_id == bindparam("review_id"))
