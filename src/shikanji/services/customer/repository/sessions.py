"""Sessions and their chains of refresh tokens. Rows are locked in the order account, session, token."""

from typing import Any

import sqlalchemy as sa

from shikanji.kit.db.tx import Tx
from shikanji.services.customer.model.session import RefreshToken, Session
from shikanji.services.customer.tables import refresh_tokens, sessions

_SESSION_FIELDS = tuple(Session.__struct_fields__)
_TOKEN_FIELDS = tuple(RefreshToken.__struct_fields__)
_SELECT = sa.select(*(sessions.c[field] for field in _SESSION_FIELDS))
_live = sessions.c.revoked_at.is_(None)

FIND = _SELECT.where(sessions.c.id == sa.bindparam("session_id"))
LOCK = FIND.with_for_update()
LIVE = (
    _SELECT.where(
        sessions.c.customer_id == sa.bindparam("customer_id"), _live, sessions.c.expires_at > sa.bindparam("now")
    )
    .order_by(sessions.c.id.desc())
    .limit(sa.bindparam("at_most"))
)
LOCK_UNREVOKED = (
    _SELECT.where(sessions.c.customer_id == sa.bindparam("customer_id"), _live)
    .order_by(sessions.c.id)
    .with_for_update()
)
SURPLUS = (
    sa.select(sessions.c.id)
    .where(sessions.c.customer_id == sa.bindparam("customer_id"), _live)
    .order_by(sessions.c.id.desc())
    .limit(10)
    .offset(sa.bindparam("keep"))
)
ADD = sa.insert(sessions).values({field: sa.bindparam(field) for field in _SESSION_FIELDS})
SAVE = (
    sa.update(sessions)
    .where(sessions.c.id == sa.bindparam("session_id"))
    .values(
        last_used_at=sa.bindparam("last_used_at"),
        expires_at=sa.bindparam("expires_at"),
        revoked_at=sa.bindparam("revoked_at"),
        revoked_reason=sa.bindparam("revoked_reason"),
    )
)
REVOKED_SINCE = sa.select(sessions.c.id, sessions.c.revoked_at).where(sessions.c.revoked_at > sa.bindparam("since"))

FIND_TOKEN = sa.select(*(refresh_tokens.c[field] for field in _TOKEN_FIELDS)).where(
    refresh_tokens.c.token_hash == sa.bindparam("token_hash")
)
ADD_TOKEN = sa.insert(refresh_tokens).values({field: sa.bindparam(field) for field in _TOKEN_FIELDS})
CONSUME_TOKEN = (
    sa.update(refresh_tokens)
    .where(
        refresh_tokens.c.token_hash == sa.bindparam("known_hash"),
        refresh_tokens.c.consumed_at.is_(None),
        refresh_tokens.c.expires_at > sa.bindparam("now"),
    )
    .values(consumed_at=sa.bindparam("now"))
)
CONSUME_ALL = (
    sa.update(refresh_tokens)
    .where(refresh_tokens.c.session_id == sa.bindparam("of_session"), refresh_tokens.c.consumed_at.is_(None))
    .values(consumed_at=sa.bindparam("now"))
)

_forgotten_sessions = (
    sa.select(sessions.c.id).where(sessions.c.expires_at < sa.bindparam("before")).limit(sa.bindparam("at_most"))
)
_forgotten_tokens = (
    sa.select(refresh_tokens.c.token_hash)
    .where(refresh_tokens.c.expires_at < sa.bindparam("now"))
    .limit(sa.bindparam("at_most"))
)
FORGET_TOKENS = sa.delete(refresh_tokens).where(refresh_tokens.c.token_hash.in_(_forgotten_tokens))
FORGET_SESSIONS = sa.delete(sessions).where(
    sessions.c.id.in_(_forgotten_sessions),
    ~sa.exists().where(refresh_tokens.c.session_id == sessions.c.id),
)


def find(tx: Tx, session_id: str) -> Session | None:
    return _first(tx.run(FIND, session_id=session_id))


def lock(tx: Tx, session_id: str) -> Session | None:
    return _first(tx.run(LOCK, session_id=session_id))


def live(tx: Tx, customer_id: str, now: int, at_most: int) -> list[Session]:
    """Newest first."""
    return [_session(row) for row in tx.run(LIVE, customer_id=customer_id, now=now, at_most=at_most)]


def lock_unrevoked(tx: Tx, customer_id: str) -> list[Session]:
    """Lapsed ones too."""
    return [_session(row) for row in tx.run(LOCK_UNREVOKED, customer_id=customer_id)]


def surplus(tx: Tx, customer_id: str, keep: int) -> list[str]:
    """Ids of sessions beyond the newest `keep`, a few at a time."""
    return [row[0] for row in tx.run(SURPLUS, customer_id=customer_id, keep=keep)]


def add(tx: Tx, session: Session) -> None:
    tx.run(ADD, **_as_row(session))


def save(tx: Tx, session: Session) -> None:
    tx.run(
        SAVE,
        session_id=session.id,
        last_used_at=session.last_used_at,
        expires_at=session.expires_at,
        revoked_at=session.revoked_at,
        revoked_reason=session.revoked_reason,
    )


def revoked_since(tx: Tx, since: int) -> dict[str, int]:
    return {row[0]: row[1] for row in tx.run(REVOKED_SINCE, since=since)}


def find_token(tx: Tx, token_hash: str) -> RefreshToken | None:
    row = tx.run(FIND_TOKEN, token_hash=token_hash).first()
    return None if row is None else RefreshToken(**dict(zip(_TOKEN_FIELDS, row, strict=True)))


def add_token(tx: Tx, token: RefreshToken) -> None:
    tx.run(ADD_TOKEN, **_as_row(token))


def consume_token(tx: Tx, token_hash: str) -> bool:
    """False: it was used before, or has lapsed."""
    return tx.run(CONSUME_TOKEN, known_hash=token_hash, now=tx.now).count == 1


def consume_all(tx: Tx, session_id: str) -> None:
    tx.run(CONSUME_ALL, of_session=session_id, now=tx.now)


def forget(tx: Tx, before: int, at_most: int) -> int:
    """Removes tokens that have lapsed, and sessions that lapsed before `before`; how many rows went."""
    tokens = tx.run(FORGET_TOKENS, now=tx.now, at_most=at_most).count
    return tokens + tx.run(FORGET_SESSIONS, before=before, at_most=at_most).count


def _as_row(struct: Session | RefreshToken) -> dict[str, Any]:
    return {field: getattr(struct, field) for field in struct.__struct_fields__}


def _first(rows: Any) -> Session | None:
    row = rows.first()
    return None if row is None else _session(row)


def _session(row: tuple[Any, ...]) -> Session:
    return Session(**dict(zip(_SESSION_FIELDS, row, strict=True)))
