"""Leases: which of several processes does what only one may do. A row says who, and until when; a token that grows with
every change of hands fences off a holder that was paused past its time and does not know it yet."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.clock import SECOND, Clock
from shikanji.kit.db.faults import LeaseLost
from shikanji.kit.db.port import Database
from shikanji.kit.db.sql import KIT
from shikanji.kit.db.statements import upsert
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Unavailable
from shikanji.kit.telemetry.logs import logger

SECONDS = 10.0
RETRY_SECONDS = 0.5
"""How long one that was refused does not ask again, however often it is woken."""

_log = logger("lease")

_leases = KIT.leases
_TAKEN = upsert(_leases).values(name=bindparam("name"), holder=bindparam("holder"), token=1, until=bindparam("until"))
_MINE = _leases.c.holder == _TAKEN.excluded.holder
TAKE_LEASE = _TAKEN.on_conflict_do_update(
    index_elements=[_leases.c.name],
    set_={
        "holder": _TAKEN.excluded.holder,
        "token": _leases.c.token + sa.case((_MINE, 0), else_=1),
        "until": _TAKEN.excluded.until,
    },
    where=sa.or_(_MINE, _leases.c.until <= bindparam("now", type_=sa.BigInteger)),
).returning(_leases.c.token, _leases.c.until)
"""Whether it is free and taking it are one statement: no two can find it free."""

RELEASE_LEASE = (
    sa.update(_leases)
    .values(holder="", token=_leases.c.token + 1, until=0)
    .where(_leases.c.name == bindparam("of_name"), _leases.c.holder == bindparam("of_holder"))
)
CURRENT_LEASE = (
    sa.select(_leases.c.holder)
    .where(_leases.c.name == bindparam("of_name"), _leases.c.token == bindparam("token"))
    .with_for_update(read=True)
)
"""Shared lock: whoever would take it over waits until what is written under it is committed."""


class Held(NamedTuple):
    token: int
    until: int


class Lease:
    """One holder's side of the lease `name`. `holder` names this start of this process: one that comes back after a
    crash is another. Fulfils `kit.db.leadership.Leadership`."""

    def __init__(self, db: Database, name: str, clock: Clock, *, holder: str, seconds: float = SECONDS) -> None:
        self.name = name
        self.token = 0
        """Of the last time that it was held; grows with every new holder."""
        self._db, self._clock, self._holder = db, clock, holder
        self._length = round(seconds * SECOND)
        self._until = 0
        self._retry_at = 0

    async def held(self) -> bool:
        """Takes it when it is free, renews it when a third is over. False: another has it, or may have."""
        now = self._clock.now()
        if self._until - now > self._length * 2 // 3:
            return True
        if now < self._retry_at:
            return False
        held = await self._db.write(take, self.name, self._holder, self._length)
        if held is None:
            self._until, self._retry_at = 0, now + round(RETRY_SECONDS * SECOND)
            return False
        self.token, self._until = held
        return True

    def require(self, tx: Tx) -> None:
        """Inside the transaction that writes as the holder. Raises LeaseLost."""
        require(tx, self.name, self.token)

    async def release(self) -> None:
        """Gives it up at once, so that nobody has to wait for its end; what is written under it is refused from here
        on. Nothing happens when another has it, and none of it when the database is away: then it runs out."""
        self._until = 0
        try:
            await self._db.write(release, self.name, self._holder)
        except Unavailable as away:
            _log.warning("a lease is left to run out", lease=self.name, error=str(away))


def take(tx: Tx, name: str, holder: str, length: int) -> Held | None:
    """Until `length` µs from now; None while it is another's."""
    return tx.run(TAKE_LEASE, name=name, holder=holder, until=tx.now + length, now=tx.now).one(Held)


def release(tx: Tx, name: str, holder: str) -> None:
    tx.run(RELEASE_LEASE, of_name=name, of_holder=holder)


def require(tx: Tx, name: str, token: int) -> None:
    """For the transaction of a write that only the holder may do: raises LeaseLost, so that nothing of it is kept, when
    the lease has changed hands since `token` was given."""
    if not tx.run(CURRENT_LEASE, of_name=name, token=token).rows:
        raise LeaseLost(f"the lease {name} is held by another by now")
