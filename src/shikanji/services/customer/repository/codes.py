"""Challenges, and the counters that limit failures and codes."""

import hashlib
from typing import Any

import sqlalchemy as sa

from shikanji.kit.clock import SECOND
from shikanji.kit.db.statements import upsert
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import TooManyRequests
from shikanji.services.customer.identity import Identifier
from shikanji.services.customer.model.challenge import Challenge, Purpose
from shikanji.services.customer.tables import challenges, counters

_FIELDS = tuple(Challenge.__struct_fields__)
_SELECT = sa.select(*(challenges.c[field] for field in _FIELDS))

FIND = _SELECT.where(challenges.c.id == sa.bindparam("challenge_id"))
_newest = (
    _SELECT.where(
        challenges.c.identifier_key == sa.bindparam("identifier_key"), challenges.c.purpose == sa.bindparam("purpose")
    )
    .order_by(challenges.c.id.desc())
    .limit(1)
)
NEWEST = _newest
NEWEST_OF_ACCOUNT = _newest.where(challenges.c.account_id == sa.bindparam("account_id"))
ADD = sa.insert(challenges).values({field: sa.bindparam(field) for field in _FIELDS})
_open = (
    challenges.c.id == sa.bindparam("challenge_id"),
    challenges.c.consumed_at.is_(None),
    challenges.c.expires_at > sa.bindparam("now"),
)
GUESS = (
    sa.update(challenges)
    .where(*_open, challenges.c.guesses < sa.bindparam("guesses_max"))
    .values(guesses=challenges.c.guesses + 1)
)
CONSUME = sa.update(challenges).where(*_open).values(consumed_at=sa.bindparam("now"))
_old_challenges = (
    sa.select(challenges.c.id).where(challenges.c.expires_at < sa.bindparam("before")).limit(sa.bindparam("at_most"))
)
FORGET_CHALLENGES = sa.delete(challenges).where(challenges.c.id.in_(_old_challenges))

_first_of_window = upsert(counters).values(
    name=sa.bindparam("counter"),
    started_at=sa.bindparam("now"),
    ends_at=sa.bindparam("window_end"),
    count=1,
)
_window_is_over = counters.c.ends_at <= sa.bindparam("now")
TAKE = _first_of_window.on_conflict_do_update(
    index_elements=["name"],
    set_={
        "started_at": sa.case((_window_is_over, sa.bindparam("now")), else_=counters.c.started_at),
        "ends_at": sa.case((_window_is_over, sa.bindparam("window_end")), else_=counters.c.ends_at),
        "count": sa.case((_window_is_over, 1), else_=counters.c.count + 1),
    },
    where=sa.or_(_window_is_over, counters.c.count < sa.bindparam("limit_max")),
)
READ_COUNTER = sa.select(counters.c.count, counters.c.ends_at).where(
    counters.c.name == sa.bindparam("counter"), counters.c.ends_at > sa.bindparam("now")
)
CLEAR = sa.delete(counters).where(counters.c.name == sa.bindparam("counter"))
_over_counters = (
    sa.select(counters.c.name).where(counters.c.ends_at <= sa.bindparam("now")).limit(sa.bindparam("at_most"))
)
FORGET_COUNTERS = sa.delete(counters).where(counters.c.name.in_(_over_counters))


def find(tx: Tx, challenge_id: str) -> Challenge | None:
    return _first(tx.run(FIND, challenge_id=challenge_id))


def newest(tx: Tx, purpose: Purpose, identifier: Identifier, account_id: str | None = None) -> Challenge | None:
    """The one whose code counts: an earlier code is void as soon as another was asked for."""
    if account_id is None:
        return _first(tx.run(NEWEST, identifier_key=identifier.key, purpose=purpose))
    return _first(tx.run(NEWEST_OF_ACCOUNT, identifier_key=identifier.key, purpose=purpose, account_id=account_id))


def add(tx: Tx, challenge: Challenge) -> None:
    tx.run(ADD, **{field: getattr(challenge, field) for field in _FIELDS})


def guess(tx: Tx, challenge_id: str, guesses_max: int) -> bool:
    """Spends one guess; False: none is left, or the challenge is over."""
    return tx.run(GUESS, challenge_id=challenge_id, now=tx.now, guesses_max=guesses_max).count == 1


def consume(tx: Tx, challenge_id: str) -> bool:
    return tx.run(CONSUME, challenge_id=challenge_id, now=tx.now).count == 1


def counter_name(kind: str, subject: str) -> str:
    """`subject` is hashed: counters of what never had an account must not become a list of people."""
    return f"{kind}:{hashlib.sha256(subject.encode()).hexdigest()[:32]}"


def count(tx: Tx, counter: str, *, limit: int, seconds: int) -> bool:
    """Counts one more in the counter's window; False: `limit` was reached before. Check and count are one statement."""
    return tx.run(TAKE, counter=counter, now=tx.now, window_end=tx.now + seconds * SECOND, limit_max=limit).count == 1


def take(tx: Tx, counter: str, *, limit: int, seconds: int, refusal: type[TooManyRequests]) -> None:
    """As `count`, but raises `refusal` when there is no more."""
    if not count(tx, counter, limit=limit, seconds=seconds):
        raise refusal(retry_after_seconds=_seconds_left(tx, counter))


def check(tx: Tx, counter: str, *, limit: int, refusal: type[TooManyRequests]) -> None:
    """Raises `refusal` when the limit is reached; counts nothing."""
    row = tx.run(READ_COUNTER, counter=counter, now=tx.now).first()
    if row is not None and row[0] >= limit:
        raise refusal(retry_after_seconds=_seconds(row[1] - tx.now))


def clear(tx: Tx, counter: str) -> None:
    tx.run(CLEAR, counter=counter)


def forget(tx: Tx, before: int, at_most: int) -> int:
    """Removes challenges that lapsed before, and counters whose window is over; how many rows went."""
    old = tx.run(FORGET_CHALLENGES, before=before, at_most=at_most).count
    return old + tx.run(FORGET_COUNTERS, now=tx.now, at_most=at_most).count


def _seconds_left(tx: Tx, counter: str) -> int:
    row = tx.run(READ_COUNTER, counter=counter, now=tx.now).first()
    return _seconds(row[1] - tx.now) if row else 1


def _seconds(microseconds: int) -> int:
    return max(1, -(-microseconds // SECOND))


def _first(rows: Any) -> Challenge | None:
    row = rows.first()
    return None if row is None else Challenge(**dict(zip(_FIELDS, row, strict=True)))
