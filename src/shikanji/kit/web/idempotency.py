"""One effect for one Idempotency-Key, however often and however much at once the request comes (reliability.md, 29).

An action that asks nobody outside runs by `once`, in one transaction. One that asks before it writes has three steps:

    taken = await room.db.write(claim, Scope.of(incoming))   # (a)
    if isinstance(taken, StoredAnswer):
        return taken.reply()
    ...                                                       # (b) ask others, who hold things under taken.effect_id
    complete(tx, taken, 201, view)                            # (c) inside the transaction that writes the effect

A refusal between (a) and (c) releases what was taken and calls `abandon`, so that the key may be used again."""

from collections.abc import Callable
from typing import Any, TypeVar, TypeVarTuple

import msgspec
import sqlalchemy as sa

from shikanji.kit.clock import DAY, SECOND
from shikanji.kit.db.statements import upsert
from shikanji.kit.db.tables import kit_tables
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Conflict, Invalid
from shikanji.kit.failpoints import failpoint
from shikanji.kit.service import Room
from shikanji.kit.web.routes import Incoming, Reply

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

LEASE = 30 * SECOND
KEPT = 7 * DAY
FORGOTTEN_AT_ONCE_MAX = 500
REPLAYED_HEADER = "Idempotency-Replayed"


class InFlight(Conflict):
    type, title = "idempotency-key-in-flight", "A request with this Idempotency-Key is still running"


class KeyReused(Invalid):
    type, title = "idempotency-key-reused", "This Idempotency-Key came with another request before"


class ClaimLost(Conflict):
    """The work took longer than its lease, so that another may have begun it: nothing was written."""

    type, title = "idempotency-claim-lost", "This took too long; repeat it with the same Idempotency-Key"


class Scope(msgspec.Struct, frozen=True):
    """Whose key this is and what for. `body_hash` is what must be the same when it comes again."""

    principal: str
    route: str
    key: str
    body_hash: str

    @classmethod
    def of(cls, incoming: Incoming[Any, Any]) -> "Scope":
        if incoming.idempotency_key is None:
            raise ValueError("the request has no Idempotency-Key")
        return cls(incoming.principal.key, incoming.route, incoming.idempotency_key, incoming.body_hash)


class Claim(msgspec.Struct, frozen=True):
    """The right to carry out the effect, until `lease_until` (µs). `effect_id` is new with every claim: what a lapsed
    claim still does elsewhere cannot be mistaken for this one's."""

    scope: Scope
    effect_id: str
    lease_until: int
    lapsed_effect_id: str | None = None
    """Of the claim that this one took over: it was never written and never will be, so what stands elsewhere under its
    id may go."""

    @property
    def expires_at(self) -> int:
        """When the answer is forgotten: not before it was kept for its time, whenever within the lease it was given."""
        return self.lease_until + KEPT


class StoredAnswer(msgspec.Struct, frozen=True):
    status: int
    data: bytes

    def reply(self) -> Reply:
        return Reply(data=msgspec.Raw(self.data), status=self.status, headers={REPLAYED_HEADER: "true"})


async def once(
    room: Room,
    incoming: Incoming[Any, Any],
    fn: Callable[[Tx, *Ts], T],
    *args: *Ts,
    view: Callable[[T], Any],
    status: int = 200,
) -> Reply:
    """Runs `fn(tx, *args)` once for the request's key, or plainly when it has none; `view` makes the answer's data. A
    repeat gets the first answer again; a refusal leaves no trace, so that the key may be used again."""
    if incoming.idempotency_key is None:
        return Reply(data=view(await room.db.write(fn, *args)), status=status)
    return await room.db.write(_run_once, Scope.of(incoming), fn, args, view, status)


def _run_once(
    tx: Tx, scope: Scope, fn: Callable[..., T], args: tuple[Any, ...], view: Callable[[T], Any], status: int
) -> Reply:
    taken = claim(tx, scope)
    if isinstance(taken, StoredAnswer):
        return taken.reply()
    data = msgspec.Raw(msgspec.json.encode(view(fn(tx, *args))))
    complete(tx, taken, status, data)
    return Reply(data=data, status=status)


def claim(tx: Tx, scope: Scope) -> Claim | StoredAnswer:
    """Step (a), in a transaction of its own. Raises InFlight while another request holds the claim, and KeyReused when
    the key came with another body."""
    fresh = Claim(scope, tx.new_id(), tx.now + LEASE)
    if tx.run(INSERT, **_key(scope), body_hash=scope.body_hash, **_lease(fresh)).count:
        failpoint("idempotency.claim.before_commit")
        return fresh
    kept = tx.run(SELECT, **_key(scope)).one(_Kept)
    if kept is None:
        # It was there for the insert and is gone for the select: abandoned or expired in between.
        raise _in_flight()
    if kept.expires_at > tx.now:
        if kept.body_hash != scope.body_hash:
            raise KeyReused("use a fresh key for a new request")
        if kept.answer is not None and kept.status is not None:
            return StoredAnswer(kept.status, kept.answer)
        if kept.lease_until > tx.now:
            raise _in_flight()
    return _take_over(tx, fresh, kept)


def complete(tx: Tx, claim: Claim, status: int, data: Any) -> None:
    """Step (c), inside the transaction that writes the effect: turns the claim into the stored answer. Raises
    ClaimLost, and so undoes the effect, when the lease is over or another has the claim."""
    answer = msgspec.json.encode(data)
    mine = tx.run(COMPLETE, effect_id=claim.effect_id, now=tx.now, new_status=status, new_answer=answer)
    if not mine.count:
        raise ClaimLost(retry_after_seconds=1)
    failpoint("idempotency.complete.before_commit")


def abandon(tx: Tx, claim: Claim) -> None:
    """After a refusal: the key may be used again at once."""
    tx.run(ABANDON, effect_id=claim.effect_id)


def settle(tx: Tx, effect_id: str) -> bool:
    """Whether this effect can no longer be written under its claim: true for a finished, an abandoned and a lapsed one,
    which is deleted here so that its owner can never complete it; false while the lease runs."""
    tx.run(DELETE_LAPSED, effect_id=effect_id, now=tx.now)
    return tx.run(SELECT_OPEN, effect_id=effect_id).first() is None


def void_leases(tx: Tx) -> int:
    """For a start that is alone on its database: whoever held a claim is dead, and its client need not wait until the
    lease is over. Says how many there were."""
    return tx.run(VOID_LEASES, now=tx.now, until=tx.now).count


def forget_expired(tx: Tx) -> int:
    """Deletes some of what was kept long enough, so few that nobody has to wait for it; says how many."""
    return tx.run(DELETE_EXPIRED, now=tx.now, at_most=FORGOTTEN_AT_ONCE_MAX).count


class _Kept(msgspec.Struct, frozen=True):
    body_hash: str
    effect_id: str
    lease_until: int
    status: int | None
    answer: bytes | None
    expires_at: int


def _take_over(tx: Tx, fresh: Claim, kept: _Kept) -> Claim:
    """A lapsed claim, or what is left of an expired answer, becomes the new claim, unless another was faster."""
    taken = tx.run(
        TAKE_OVER,
        old_effect_id=kept.effect_id,
        now=tx.now,
        new_body_hash=fresh.scope.body_hash,
        new_effect_id=fresh.effect_id,
        new_lease_until=fresh.lease_until,
        new_expires_at=fresh.expires_at,
    )
    if not taken.count:
        raise _in_flight()
    return msgspec.structs.replace(fresh, lapsed_effect_id=kept.effect_id) if kept.answer is None else fresh


def _in_flight() -> InFlight:
    return InFlight("wait for its answer, or repeat it later with the same key", retry_after_seconds=1)


def _key(scope: Scope) -> dict[str, str]:
    return {"principal": scope.principal, "route": scope.route, "key": scope.key}


def _lease(claim: Claim) -> dict[str, Any]:
    return {"effect_id": claim.effect_id, "lease_until": claim.lease_until, "expires_at": claim.expires_at}


# The table is in every service's metadata; the statements need its columns only.
_TABLE = kit_tables(sa.MetaData()).idempotency
_c = _TABLE.c
_IS_KEY = sa.and_(
    _c.principal == sa.bindparam("principal"), _c.route == sa.bindparam("route"), _c.key == sa.bindparam("key")
)
_IS_EFFECT = _c.effect_id == sa.bindparam("effect_id")
_IS_OPEN = _c.answer.is_(None)

INSERT = (
    upsert(_TABLE)
    .values(
        {
            name: sa.bindparam(name)
            for name in ("principal", "route", "key", "body_hash", "effect_id", "lease_until", "expires_at")
        }
    )
    .on_conflict_do_nothing()
)
SELECT = sa.select(_c.body_hash, _c.effect_id, _c.lease_until, _c.status, _c.answer, _c.expires_at).where(_IS_KEY)
TAKE_OVER = (
    sa.update(_TABLE)
    .where(
        _c.effect_id == sa.bindparam("old_effect_id"),
        sa.or_(
            sa.and_(_IS_OPEN, _c.lease_until <= sa.bindparam("now")),
            _c.expires_at <= sa.bindparam("now"),
        ),
    )
    .values(
        body_hash=sa.bindparam("new_body_hash"),
        effect_id=sa.bindparam("new_effect_id"),
        lease_until=sa.bindparam("new_lease_until"),
        expires_at=sa.bindparam("new_expires_at"),
        status=sa.null(),
        answer=sa.null(),
    )
)
COMPLETE = (
    sa.update(_TABLE)
    .where(_IS_EFFECT, _IS_OPEN, _c.lease_until > sa.bindparam("now"))
    .values(status=sa.bindparam("new_status"), answer=sa.bindparam("new_answer"))
)
ABANDON = sa.delete(_TABLE).where(_IS_EFFECT, _IS_OPEN)
DELETE_LAPSED = sa.delete(_TABLE).where(_IS_EFFECT, _IS_OPEN, _c.lease_until <= sa.bindparam("now"))
SELECT_OPEN = sa.select(_c.effect_id).where(_IS_EFFECT, _IS_OPEN)
VOID_LEASES = (
    sa.update(_TABLE).where(_IS_OPEN, _c.lease_until > sa.bindparam("now")).values(lease_until=sa.bindparam("until"))
)
_oldest = (
    sa.select(_c.effect_id, _c.expires_at)
    .order_by(_c.effect_id)
    .limit(sa.bindparam("at_most", type_=sa.BigInteger))
    .subquery()
)
DELETE_EXPIRED = sa.delete(_TABLE).where(
    _c.effect_id.in_(sa.select(_oldest.c.effect_id).where(_oldest.c.expires_at <= sa.bindparam("now")))
)
"""The first claimed is the first to expire."""
