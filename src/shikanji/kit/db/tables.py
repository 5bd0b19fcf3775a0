"""The tables that the kit keeps in every service's database."""

from dataclasses import dataclass

import sqlalchemy as sa

Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A 64-bit number that the database counts up (SQLite counts only what it calls INTEGER)."""


@dataclass(frozen=True)
class KitTables:
    outbox: sa.Table
    aggregates: sa.Table
    inbox: sa.Table
    jobs: sa.Table
    idempotency: sa.Table
    leases: sa.Table


def kit_tables(metadata: sa.MetaData) -> KitTables:
    """Adds the kit's tables to a service's metadata."""
    return KitTables(
        outbox=_outbox(metadata),
        aggregates=_aggregates(metadata),
        inbox=_inbox(metadata),
        jobs=_jobs(metadata),
        idempotency=_idempotency(metadata),
        leases=_leases(metadata),
    )


def _aggregates(metadata: sa.MetaData) -> sa.Table:
    """`version` counts the events of an aggregate; the first `forgotten` of them are in no outbox any more."""
    return sa.Table(
        "aggregates",
        metadata,
        sa.Column("aggregate_id", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("forgotten", sa.BigInteger, nullable=False, server_default="0"),
        sqlite_with_rowid=False,
    )


def _outbox(metadata: sa.MetaData) -> sa.Table:
    """`published_under` is the epoch of the bus that answered for the row; null where the receivers have it."""
    table = sa.Table(
        "outbox",
        metadata,
        sa.Column("seq", Serial, primary_key=True, autoincrement=True),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("schema_version", sa.Text, nullable=False),
        sa.Column("aggregate_id", sa.Text, nullable=False),
        sa.Column("aggregate_version", sa.BigInteger, nullable=False),
        sa.Column("store_id", sa.Text),
        sa.Column("occurred_at", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("payload_hash", sa.Text, nullable=False),
        sa.Column("correlation_id", sa.Text, nullable=False),
        sa.Column("causation_id", sa.Text, nullable=False),
        sa.Column("published_at", sa.BigInteger),
        sa.Column("published_under", sa.Text),
        sqlite_autoincrement=True,
    )
    unpublished = table.c.published_at.is_(None)
    sa.Index("outbox_unpublished", table.c.seq, sqlite_where=unpublished, postgresql_where=unpublished)
    stored = table.c.published_under.is_not(None)
    sa.Index(
        "outbox_epochs",
        table.c.published_under,
        table.c.published_at,
        table.c.seq,
        sqlite_where=stored,
        postgresql_where=stored,
    )
    return table


def _inbox(metadata: sa.MetaData) -> sa.Table:
    """`state`: done, waiting (will be run again), dead, discarded. A done row keeps no payload.
    Of the waiting rows of one aggregate only the first has `next_at`; the others wait behind it."""
    table = sa.Table(
        "inbox",
        metadata,
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("aggregate_id", sa.Text, nullable=False),
        sa.Column("aggregate_version", sa.BigInteger, nullable=False),
        sa.Column("payload_hash", sa.Text, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("first_failed_at", sa.BigInteger),
        sa.Column("last_failed_at", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.Column("envelope", sa.LargeBinary),
        sqlite_with_rowid=False,
    )
    waiting = table.c.state == "waiting"
    sa.Index(
        "inbox_waiting",
        table.c.source,
        table.c.aggregate_id,
        table.c.aggregate_version,
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    sa.Index("inbox_due", table.c.next_at, sqlite_where=waiting, postgresql_where=waiting)
    dead = table.c.state == "dead"
    sa.Index("inbox_dead", table.c.last_failed_at, sqlite_where=dead, postgresql_where=dead)
    return table


def _jobs(metadata: sa.MetaData) -> sa.Table:
    """`plan` counts how often the row was scheduled: a run that ends finds out whether it was planned anew."""
    table = sa.Table(
        "jobs",
        metadata,
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("due_at", sa.BigInteger, nullable=False, index=True),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("correlation_id", sa.Text, nullable=False),
        sa.Column("plan", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("lease", sa.Text),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("last_error", sa.Text),
        sqlite_with_rowid=False,
    )
    leased = table.c.lease.is_not(None)
    sa.Index("jobs_leased", table.c.lease_until, sqlite_where=leased, postgresql_where=leased)
    return table


def _idempotency(metadata: sa.MetaData) -> sa.Table:
    """`answer` is null while the claim is open; `lease_until` is when another may take it over. By the effect's id,
    which is in the order of time: answers are large, and so they are written one behind the other."""
    table = sa.Table(
        "idempotency",
        metadata,
        sa.Column("effect_id", sa.Text, primary_key=True),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("body_hash", sa.Text, nullable=False),
        sa.Column("lease_until", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.BigInteger),
        sa.Column("answer", sa.LargeBinary),
        sa.UniqueConstraint("principal", "route", "key", name="idempotency_key"),
    )
    is_open = table.c.answer.is_(None)
    sa.Index("idempotency_open", table.c.lease_until, sqlite_where=is_open, postgresql_where=is_open)
    return table


def _leases(metadata: sa.MetaData) -> sa.Table:
    """A row stays when its lease is over: `token` never goes back."""
    return sa.Table(
        "leases",
        metadata,
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
