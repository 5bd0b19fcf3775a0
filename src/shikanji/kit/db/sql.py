"""Every statement that the kit itself runs, over the tables that it keeps in each service's database."""

import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tables import kit_tables

KIT = kit_tables(sa.MetaData())

_aggregates, _outbox, _inbox, _jobs = KIT.aggregates, KIT.outbox, KIT.inbox, KIT.jobs

# Outbox ---------------------------------------------------------------------------------------------------------------

BUMP_VERSION = (
    upsert(_aggregates)
    .values(aggregate_id=bindparam("aggregate_id"), version=1)
    .on_conflict_do_update(index_elements=[_aggregates.c.aggregate_id], set_={"version": _aggregates.c.version + 1})
    .returning(_aggregates.c.version)
)

_OUTBOX_WRITTEN = [column for column in _outbox.c if column.name not in ("seq", "published_at")]
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
RELEASE_REPLANNED_JOB = sa.update(_jobs).values(lease=None, lease_until=None, attempts=0).where(*_LEASED)
