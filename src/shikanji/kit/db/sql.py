"""Every statement that the kit itself runs, over the tables that it keeps in each service's database."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tables import kit_tables

KIT = kit_tables(sa.MetaData())

_aggregates, _outbox, _inbox, _jobs = KIT.aggregates, KIT.outbox, KIT.inbox, KIT.jobs

# Outbox ---------------------------------------------------------------------------------------------------------------

BUMP_VERSION = (
    upsert(_aggregates)
    .values(aggregate_id=bindparam("aggregate_id"), version=bindparam("count"))
    .on_conflict_do_update(
        index_elements=[_aggregates.c.aggregate_id],
        set_={"version": _aggregates.c.version + bindparam("count", type_=sa.BigInteger)},
    )
)
BUMP_VERSION_AND_READ = BUMP_VERSION.returning(_aggregates.c.version)
SELECT_VERSIONS = sa.select(_aggregates.c.aggregate_id, _aggregates.c.version).where(
    any_of(_aggregates.c.aggregate_id, "aggregate_ids")
)

_OUTBOX_WRITTEN = [column for column in _outbox.c if column.name not in ("seq", "published_under")]
INSERT_OUTBOX = sa.insert(_outbox).values({column.name: bindparam(column.name) for column in _OUTBOX_WRITTEN})

OUTBOX_COLUMNS = (
    _outbox.c.seq,
    _outbox.c.event_id,
    _outbox.c.type,
    _outbox.c.schema_version,
    _outbox.c.aggregate_id,
    _outbox.c.aggregate_version,
    _outbox.c.occurred_at,
    _outbox.c.data,
    _outbox.c.payload_hash,
    _outbox.c.correlation_id,
    _outbox.c.causation_id,
    _outbox.c.published_under,
)
_UNPUBLISHED = _outbox.c.published_at.is_(None)
SELECT_UNPUBLISHED = (
    sa.select(*OUTBOX_COLUMNS)
    .where(_UNPUBLISHED)
    .order_by(_outbox.c.seq)
    .limit(bindparam("rows_max", type_=sa.BigInteger))
)
MARK_PUBLISHED = (
    sa.update(_outbox).values(published_at=bindparam("published_at")).where(any_of(_outbox.c.seq, "seqs"), _UNPUBLISHED)
)
MARK_PUBLISHED_UNDER = (
    sa.update(_outbox)
    .values(published_at=bindparam("published_at"), published_under=bindparam("epoch"))
    .where(any_of(_outbox.c.seq, "seqs"))
)
NEXT_EPOCH = sa.select(sa.func.min(_outbox.c.published_under)).where(
    _outbox.c.published_under > bindparam("after", type_=sa.Text)
)
FIRST_OF_EPOCH = sa.select(sa.func.min(_outbox.c.seq + sa.literal_column("0"))).where(
    _outbox.c.published_under == bindparam("epoch"), _outbox.c.published_at >= bindparam("since")
)
"""An expression, so that no database walks the whole outbox by its numbers to find the first one."""
SELECT_PUBLISHED_ELSEWHERE = (
    sa.select(*OUTBOX_COLUMNS)
    .where(
        _outbox.c.seq > bindparam("after"),
        _outbox.c.published_under != bindparam("epoch"),
        _outbox.c.published_at >= bindparam("since"),
    )
    .order_by(_outbox.c.seq)
    .limit(bindparam("rows_max", type_=sa.BigInteger))
)
SELECT_PUBLISHED = (
    sa.select(*OUTBOX_COLUMNS)
    .where(
        _outbox.c.published_at.is_not(None),
        _outbox.c.seq > bindparam("after"),
        _outbox.c.occurred_at >= bindparam("since"),
    )
    .order_by(_outbox.c.seq)
    .limit(bindparam("rows_max", type_=sa.BigInteger))
)
UNPUBLISH = (
    sa.update(_outbox)
    .values(published_at=None)
    .where(any_of(_outbox.c.event_id, "event_ids"), _outbox.c.published_at.is_not(None))
)
SELECT_FIRST_IN_OUTBOX = (
    sa.select(_outbox.c.seq, _outbox.c.aggregate_id, _outbox.c.published_at)
    .order_by(_outbox.c.seq)
    .limit(bindparam("rows_max", type_=sa.BigInteger))
)
FORGET_OUTBOX = sa.delete(_outbox).where(any_of(_outbox.c.seq, "seqs"))
FORGET_VERSIONS = (
    sa.update(_aggregates)
    .values(forgotten=_aggregates.c.forgotten + bindparam("count", type_=sa.BigInteger))
    .where(_aggregates.c.aggregate_id == bindparam("id"))
)
FORGET_AGGREGATES = sa.delete(_aggregates).where(
    any_of(_aggregates.c.aggregate_id, "ids"), _aggregates.c.version == _aggregates.c.forgotten
)
FIRST_UNPUBLISHED = sa.select(_outbox.c.occurred_at).where(_UNPUBLISHED).order_by(_outbox.c.seq).limit(1)
COUNT_UNPUBLISHED = sa.select(sa.func.count()).select_from(_outbox).where(_UNPUBLISHED)

# Jobs -----------------------------------------------------------------------------------------------------------------

_ONE_JOB = (_jobs.c.kind == bindparam("kind"), _jobs.c.key == bindparam("key"))
_LEASED = (*_ONE_JOB, _jobs.c.lease == bindparam("lease"))

_PLANNED_JOB = upsert(_jobs).values(
    kind=bindparam("kind"),
    key=bindparam("key"),
    due_at=bindparam("due_at"),
    payload=bindparam("payload"),
    correlation_id=bindparam("correlation_id"),
    attempts=0,
    plan=1,
)
ADD_JOB = _PLANNED_JOB.on_conflict_do_update(
    index_elements=[_jobs.c.kind, _jobs.c.key],
    set_={
        "due_at": _PLANNED_JOB.excluded.due_at,
        "payload": _PLANNED_JOB.excluded.payload,
        "correlation_id": _PLANNED_JOB.excluded.correlation_id,
        "attempts": 0,
        "plan": _jobs.c.plan + 1,
        "last_error": None,
    },
)
ADD_JOB_IF_MISSING = _PLANNED_JOB.on_conflict_do_nothing(index_elements=[_jobs.c.kind, _jobs.c.key])
DELETE_JOB = sa.delete(_jobs).where(*_ONE_JOB)
FINISH_JOB = sa.delete(_jobs).where(*_LEASED, _jobs.c.plan == bindparam("plan"))
RELEASE_REPLANNED_JOB = sa.update(_jobs).values(lease=sa.null(), lease_until=sa.null(), attempts=0).where(*_LEASED)

JOB_COLUMNS = (
    _jobs.c.kind,
    _jobs.c.key,
    _jobs.c.due_at,
    _jobs.c.payload,
    _jobs.c.attempts,
    _jobs.c.lease,
    _jobs.c.plan,
    _jobs.c.correlation_id,
)
_FREE = sa.or_(_jobs.c.lease.is_(None), _jobs.c.lease_until <= bindparam("now"))
_DUE = (_jobs.c.due_at <= bindparam("now"), _FREE)
_OF_KINDS = any_of(_jobs.c.kind.concat(""), "kinds")
"""An expression, so that no database reads all jobs of these kinds by the primary key: almost all of them are far in
the future, and the index on `due_at` finds the few that are not."""
SELECT_DUE_JOBS = (
    sa.select(*JOB_COLUMNS)
    .where(*_DUE, _OF_KINDS)
    .order_by(_jobs.c.due_at)
    .limit(bindparam("rows_max", type_=sa.BigInteger))
)
_free = _jobs.alias("free")
_FREE_TIMER = (
    sa.select(_free.c.key)
    .where(
        _free.c.kind == bindparam("kind"),
        _free.c.key == bindparam("key"),
        _free.c.plan == bindparam("plan"),
        _free.c.due_at <= bindparam("now"),
    )
    .with_for_update(skip_locked=True)
)
TAKE_TIMER = sa.delete(_jobs).where(
    _jobs.c.kind == bindparam("kind"), _jobs.c.key == _FREE_TIMER.correlate(None).scalar_subquery()
)
"""One that another process is running now is not waited for: the processes share the timers that are due."""
LEASE_JOB = (
    sa.update(_jobs)
    .values(lease=bindparam("lease"), lease_until=bindparam("lease_until"), attempts=_jobs.c.attempts + 1)
    .where(*_ONE_JOB, *_DUE)
    .returning(*JOB_COLUMNS)
)
_POSTPONED: dict[str, Any] = {
    "due_at": bindparam("next_at"),
    "last_error": bindparam("error"),
    "lease": sa.null(),
    "lease_until": sa.null(),
}
POSTPONE_TIMER = (
    sa.update(_jobs)
    .values({**_POSTPONED, "attempts": _jobs.c.attempts + 1})
    .where(*_ONE_JOB, _jobs.c.plan == bindparam("plan"))
)
POSTPONE_WORK = sa.update(_jobs).values(_POSTPONED).where(*_LEASED, _jobs.c.plan == bindparam("plan"))
REPEAT_WORK = (
    sa.update(_jobs)
    .values(due_at=bindparam("next_at"), lease=sa.null(), lease_until=sa.null(), attempts=0, last_error=None)
    .where(*_LEASED, _jobs.c.plan == bindparam("plan"))
)
RETURN_WORK = (
    sa.update(_jobs).values(lease=sa.null(), lease_until=sa.null(), attempts=_jobs.c.attempts - 1).where(*_LEASED)
)
VOID_LEASES = sa.update(_jobs).values(lease=sa.null(), lease_until=sa.null()).where(_jobs.c.lease.is_not(None))
COUNT_LATE_JOBS = (
    sa.select(sa.func.count()).select_from(_jobs).where(_jobs.c.due_at <= bindparam("before"), _jobs.c.lease.is_(None))
)
COUNT_LEASED_JOBS = (
    sa.select(sa.func.count())
    .select_from(_jobs)
    .where(_jobs.c.lease.is_not(None), _jobs.c.lease_until > bindparam("now"))
)
FIRST_DUE_JOB = sa.select(_jobs.c.due_at).where(_jobs.c.lease.is_(None), _OF_KINDS).order_by(_jobs.c.due_at).limit(1)
FIRST_LEASE_END = sa.select(sa.func.min(_jobs.c.lease_until)).where(
    _jobs.c.lease.is_not(None), _jobs.c.due_at <= bindparam("now"), _OF_KINDS
)

# Inbox ----------------------------------------------------------------------------------------------------------------

_WAITING = _inbox.c.state == "waiting"
_ONE_EVENT = _inbox.c.event_id == bindparam("id")
_ONE_AGGREGATE = (_inbox.c.source == bindparam("of_source"), _inbox.c.aggregate_id == bindparam("of_aggregate"))

TAKE_EVENT = (
    upsert(_inbox)
    .values(
        {
            column: bindparam(column)
            for column in (
                "event_id",
                "source",
                "type",
                "aggregate_id",
                "aggregate_version",
                "payload_hash",
                "received_at",
                "state",
                "attempts",
                "envelope",
            )
        }
    )
    .on_conflict_do_nothing(index_elements=[_inbox.c.event_id])
)
SELECT_OLD_IN_INBOX = (
    sa.select(_inbox.c.event_id)
    .where(
        _inbox.c.event_id < bindparam("before"),
        _inbox.c.state.in_([sa.literal_column("'done'"), sa.literal_column("'discarded'")]),
    )
    .order_by(_inbox.c.event_id)
    .limit(bindparam("rows_max", type_=sa.BigInteger))
)
FORGET_INBOX = sa.delete(_inbox).where(any_of(_inbox.c.event_id, "ids"))
SELECT_THERE = sa.select(_inbox.c.event_id).where(any_of(_inbox.c.event_id, "ids"))
SELECT_PARKED = (
    sa.select(_inbox.c.source, _inbox.c.aggregate_id)
    .where(_WAITING, any_of(_inbox.c.aggregate_id, "aggregates"))
    .order_by(_inbox.c.source, _inbox.c.aggregate_id, _inbox.c.aggregate_version)
    .with_for_update()
)
"""Locked, so that nobody hands the aggregate on, thinking it empty, while another event comes to wait there."""
SET_EVENT_STATE = (
    sa.update(_inbox)
    .values(
        state=bindparam("state"),
        attempts=bindparam("attempts"),
        next_at=bindparam("next_at"),
        first_failed_at=sa.func.coalesce(_inbox.c.first_failed_at, bindparam("failed_at", type_=sa.BigInteger)),
        last_failed_at=sa.func.coalesce(bindparam("failed_at", type_=sa.BigInteger), _inbox.c.last_failed_at),
        error=bindparam("error"),
        envelope=bindparam("envelope"),
    )
    .where(_ONE_EVENT)
)
WAIT_BEHIND = (
    sa.update(_inbox).values(next_at=None).where(*_ONE_AGGREGATE, _WAITING, _inbox.c.event_id != bindparam("id"))
)
SELECT_DUE_AGGREGATES = (
    sa.select(_inbox.c.source, _inbox.c.aggregate_id)
    .where(_WAITING, _inbox.c.next_at <= bindparam("now"))
    .order_by(_inbox.c.next_at)
    .limit(bindparam("rows_max", type_=sa.BigInteger))
)
SELECT_WAITING_OF_AGGREGATE = (
    sa.select(_inbox.c.attempts, _inbox.c.envelope, _inbox.c.next_at)
    .where(*_ONE_AGGREGATE, _WAITING)
    .order_by(_inbox.c.aggregate_version)
    .limit(bindparam("rows_max", type_=sa.BigInteger))
    .with_for_update()
)
MAKE_FIRST_DUE = (
    sa.update(_inbox)
    .values(next_at=bindparam("next_at"))
    .where(
        _inbox.c.event_id
        == sa.select(_inbox.c.event_id)
        .where(*_ONE_AGGREGATE, _WAITING)
        .order_by(_inbox.c.aggregate_version)
        .limit(1)
        .scalar_subquery()
    )
)
FIRST_DUE_EVENT = sa.select(sa.func.min(_inbox.c.next_at)).where(_WAITING)

REVIVE = (
    sa.update(_inbox)
    .values(state="waiting", attempts=0, next_at=bindparam("next_at"))
    .where(_ONE_EVENT, _inbox.c.state == "dead")
    .returning(_inbox.c.source, _inbox.c.aggregate_id)
)
DISCARD = (
    sa.update(_inbox)
    .values(state="discarded", next_at=None, error=bindparam("error"))
    .where(_ONE_EVENT, _inbox.c.state.in_([sa.literal_column("'dead'"), sa.literal_column("'waiting'")]))
    .returning(_inbox.c.source, _inbox.c.aggregate_id)
)
HURRY = (
    sa.update(_inbox).values(next_at=bindparam("next_at")).where(_ONE_EVENT, _WAITING, _inbox.c.next_at.is_not(None))
)

COUNT_LETTERS = {
    state: sa.select(sa.func.count()).select_from(_inbox).where(_inbox.c.state == state)
    for state in ("dead", "waiting")
}

LETTER_COLUMNS = (
    _inbox.c.event_id,
    _inbox.c.source,
    _inbox.c.type,
    _inbox.c.aggregate_id,
    _inbox.c.aggregate_version,
    _inbox.c.state,
    _inbox.c.attempts,
    _inbox.c.received_at,
    _inbox.c.next_at,
    _inbox.c.first_failed_at,
    _inbox.c.last_failed_at,
    _inbox.c.error,
    _inbox.c.envelope,
)
SELECT_LETTERS = {
    state: sa.select(*LETTER_COLUMNS)
    .where(_inbox.c.state == state)
    .order_by(_inbox.c.last_failed_at, _inbox.c.event_id)
    .limit(bindparam("rows_max", type_=sa.BigInteger))
    for state in ("dead", "waiting")
}
"""A statement per state, for the state's partial index is used only when the text names it."""
SELECT_LETTER = sa.select(*LETTER_COLUMNS).where(_ONE_EVENT)
