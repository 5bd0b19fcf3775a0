"""Ratings, and what a customer sent in a day."""

import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.clock import DAY
from shikanji.kit.db.statements import upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.review.model.rating import Rating, Subject, nothing
from shikanji.services.review.tables import daily, ratings


def find(tx: Tx, subject: Subject) -> Rating:
    return tx.run(FIND, subject_id=subject.id, kind=subject.kind).one(Rating) or nothing(subject)


def move(tx: Tx, subject: Subject, by: list[int]) -> Rating:
    """Adds to the counts of one star, of two, … and says what is there then."""
    named = dict(zip(("one", "two", "three", "four", "five"), by, strict=True))
    step = {f"d_{name}": count for name, count in named.items()}
    sums = {"d_count": sum(by), "d_sum": sum(stars * count for stars, count in enumerate(by, start=1))}
    for _ in range(2):
        moved = tx.run(MOVE, subject_id=subject.id, at=tx.now, **step, **sums).one(Rating)
        if moved is not None:
            return moved
        zeros = dict.fromkeys((*named, "count", "sum", "version"), 0)
        tx.run(BEGIN, id=subject.id, kind=subject.kind, updated_at=tx.now, **zeros)
    raise RuntimeError(f"the rating of {subject.id} cannot be kept")


def take_review(tx: Tx, customer_id: str, most: int) -> bool:
    """One review more today, unless that would pass `most`."""
    return tx.run(TAKE_REVIEW, customer_id=customer_id, day=tx.now // DAY, reviews=1, photos=0, most=most).count == 1


def take_photo(tx: Tx, customer_id: str, most: int) -> bool:
    """One photo more today, unless that would pass `most`."""
    return tx.run(TAKE_PHOTO, customer_id=customer_id, day=tx.now // DAY, reviews=0, photos=1, most=most).count == 1


_COLUMNS = (
    ratings.c.id,
    ratings.c.kind,
    ratings.c.version,
    ratings.c.count,
    ratings.c.sum,
    ratings.c.one,
    ratings.c.two,
    ratings.c.three,
    ratings.c.four,
    ratings.c.five,
)
FIND = sa.select(*_COLUMNS).where(ratings.c.id == bindparam("subject_id"), ratings.c.kind == bindparam("kind"))
_MOVED = ("count", "sum", "one", "two", "three", "four", "five")
MOVE = (
    sa.update(ratings)
    .where(ratings.c.id == bindparam("subject_id"))
    .values(
        {name: ratings.c[name] + bindparam(f"d_{name}", type_=sa.BigInteger) for name in _MOVED}
        | {"version": ratings.c.version + 1, "updated_at": bindparam("at")}
    )
    .returning(*_COLUMNS)
)
BEGIN = upsert(ratings).on_conflict_do_nothing(index_elements=["id"])

_today = upsert(daily).values(
    customer_id=bindparam("customer_id"),
    day=bindparam("day"),
    reviews=bindparam("reviews"),
    photos=bindparam("photos"),
)
_SAME_DAY = daily.c.day == _today.excluded.day


def _counted(name: str) -> sa.ColumnElement[int]:
    """What of this day was counted so far, and one more where the statement brings one."""
    return sa.case((_SAME_DAY, daily.c[name]), else_=0) + _today.excluded[name]


_NEXT = {"day": _today.excluded.day, "reviews": _counted("reviews"), "photos": _counted("photos")}
TAKE_REVIEW = _today.on_conflict_do_update(
    index_elements=["customer_id"],
    set_=_NEXT,
    where=sa.or_(daily.c.day < _today.excluded.day, daily.c.reviews < bindparam("most")),
)
TAKE_PHOTO = _today.on_conflict_do_update(
    index_elements=["customer_id"],
    set_=_NEXT,
    where=sa.or_(daily.c.day < _today.excluded.day, daily.c.photos < bindparam("most")),
)
