"""A tiny service for the kit's own suites: counters that count, say so, and hear of others that did."""

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import upsert
from shikanji.kit.db.tables import kit_tables
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Event

metadata = sa.MetaData()
kit = kit_tables(metadata)
counters = sa.Table(
    "counters",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("value", sa.BigInteger, sa.CheckConstraint("value >= 0"), nullable=False),
    sa.Column("note", sa.LargeBinary),
)


class CounterMoved(Event, frozen=True, kw_only=True):
    aggregate = "counter_id"
    counter_id: str
    store_id: str = "s1"
    by: int


class CounterSettings(msgspec.Struct, frozen=True):
    step: int = 1


class Counted(msgspec.Struct, frozen=True):
    name = "counters"
    migrations = "tests.kit.counters.migrations"
    settings = CounterSettings


SERVICE = Counted()

_ADD = upsert(counters).values(id=bindparam("id"), value=bindparam("by"), note=bindparam("note"))
ADD = _ADD.on_conflict_do_update(
    index_elements=[counters.c.id], set_={"value": counters.c.value + _ADD.excluded.value}
).returning(counters.c.value)
INSERT = sa.insert(counters)
GET = sa.select(counters.c.value).where(counters.c.id == bindparam("id"))
ALL = sa.select(counters.c.id, counters.c.value).order_by(counters.c.id)


def add(tx: Tx, counter_id: str, by: int = 1, note: bytes | None = None) -> int:
    value: int = tx.run(ADD, id=counter_id, by=by, note=note).scalar()
    return value


def add_and_tell(tx: Tx, counter_id: str, by: int = 1) -> int:
    value = add(tx, counter_id, by)
    tx.record(CounterMoved(counter_id=counter_id, by=by))
    return value


def value(tx: Tx, counter_id: str) -> int | None:
    found: int | None = tx.run(GET, id=counter_id).scalar()
    return found


def values(tx: Tx) -> dict[str, int]:
    return dict(tx.run(ALL).rows)
