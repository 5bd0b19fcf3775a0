"""Sessions: opened by a sign-in, kept alive by refresh tokens, ended in many ways."""

from collections.abc import Sequence

import msgspec

from shikanji.contracts.customer import RevocationNotice, Revocations
from shikanji.kit.auth import Principal, Role
from shikanji.kit.clock import DAY, MINUTE, SECOND
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.services.customer import tokens
from shikanji.services.customer.errors import AccountDisabled, SessionNotFound
from shikanji.services.customer.model.account import Customer
from shikanji.services.customer.model.session import EndReason, RefreshToken, Session
from shikanji.services.customer.repository import access, accounts, sessions
from shikanji.services.customer.settings import CustomerSettings

SESSIONS_SHOWN_MAX = 100


class Device(msgspec.Struct, frozen=True):
    """From where a session is used."""

    ip: str
    user_agent: str


class SignedIn(msgspec.Struct, kw_only=True):
    """What tokens are made of. `signing_key` is None on a platform that has never signed one; `notices` are to be
    published after the commit."""

    customer: Customer
    session_id: str
    roles: dict[str, Role]
    refresh_token: str
    signing_key: tokens.SealedKey | None
    notices: list[RevocationNotice]

    @property
    def principal(self) -> Principal:
        return Principal(
            account_id=self.customer.id,
            session_id=self.session_id,
            version=self.customer.authz_version,
            admin=self.customer.admin,
            roles=self.roles,
        )


class Rotation(msgspec.Struct, kw_only=True):
    """`signed_in` None: refused; a reuse has ended the session then, as `notices` tell."""

    signed_in: SignedIn | None = None
    notices: list[RevocationNotice] = []


def open_session(tx: Tx, customer: Customer, entropy: bytes, device: Device) -> SignedIn:
    """A session for who has just proved to be `customer`, whose row must be locked: so that none can begin behind the
    back of a disabling. `entropy`: 32 random bytes."""
    if customer.disabled_at is not None:
        raise AccountDisabled
    session = Session.open(
        tx.new_id(), customer.id, ip=device.ip, user_agent=device.user_agent, at=tx.now, lasts=_refresh_life(tx)
    )
    sessions.add(tx, session)
    token = tokens.refresh_token(entropy)
    _issue(tx, session, token)
    return _signed_in(tx, customer, session, token, _end_surplus(tx, customer.id))


def rotate(tx: Tx, token: str) -> Rotation:
    """The successor of a refresh token, which is good once. Shown again within the grace by a client that missed the
    answer, it gets the SAME successor, as long as that was not used; shown again otherwise it is in two hands, and the
    session ends for both."""
    shown = sessions.find_token(tx, tokens.token_hash(token))
    session = sessions.lock(tx, shown.session_id) if shown is not None else None
    if shown is None or session is None or not session.is_live(tx.now):
        return Rotation()
    next_token = tokens.successor(tx.secret(tokens.REFRESH_PURPOSE), token)
    if sessions.consume_token(tx, shown.token_hash):
        session.use(tx.now, _refresh_life(tx))
        sessions.save(tx, session)
        _issue(tx, session, next_token)
        failpoint("customer.refresh.before_commit")
    elif not _may_be_shown_again(tx, shown.token_hash, next_token):
        return Rotation(notices=_end(tx, [session], "token-reused"))
    return Rotation(signed_in=_signed_in(tx, accounts.get(tx, session.customer_id), session, next_token, []))


def logout(tx: Tx, customer_id: str, session_id: str) -> list[RevocationNotice]:
    return _end(tx, _own(tx, customer_id, session_id), "logout")


def list_sessions(tx: Tx, customer_id: str) -> list[Session]:
    return sessions.live(tx, customer_id, tx.now, SESSIONS_SHOWN_MAX)


def revoke_session(tx: Tx, customer_id: str, session_id: str) -> list[RevocationNotice]:
    own = [session for session in _own(tx, customer_id, session_id) if session.is_live(tx.now)]
    if not own:
        raise SessionNotFound
    return _end(tx, own, "revoked")


def revoke_others(tx: Tx, customer_id: str, kept_session_id: str) -> list[RevocationNotice]:
    return end_all(tx, customer_id, "revoked", except_id=kept_session_id)


def end_all(tx: Tx, customer_id: str, reason: EndReason, *, except_id: str | None = None) -> list[RevocationNotice]:
    """Ends every session of an account but one."""
    ending = [session for session in sessions.lock_unrevoked(tx, customer_id) if session.id != except_id]
    return _end(tx, ending, reason)


def revocations(tx: Tx) -> Revocations:
    """What happened within one access-token life (and a minute, for clocks that differ)."""
    since = tx.now - tx.settings(CustomerSettings).access_token_seconds * SECOND - MINUTE
    return Revocations(
        sessions=sessions.revoked_since(tx, since), minimum_versions=accounts.access_changed_since(tx, since)
    )


def is_good(tx: Tx, customer_id: str, session_id: str, version: int) -> bool:
    """Whether access tokens of this session and version are good."""
    session = sessions.find(tx, session_id)
    if session is None or session.customer_id != customer_id or session.revoked_at is not None:
        return False
    minimum = accounts.minimum_version(tx, customer_id)
    return minimum is not None and version >= minimum


def _refresh_life(tx: Tx) -> int:
    return tx.settings(CustomerSettings).refresh_token_days * DAY


def _issue(tx: Tx, session: Session, token: str) -> None:
    sessions.add_token(
        tx,
        RefreshToken(
            token_hash=tokens.token_hash(token),
            session_id=session.id,
            issued_at=tx.now,
            expires_at=session.expires_at,
        ),
    )


def _signed_in(tx: Tx, customer: Customer, session: Session, token: str, notices: list[RevocationNotice]) -> SignedIn:
    return SignedIn(
        customer=customer,
        session_id=session.id,
        roles=access.roles(tx, customer.id),
        refresh_token=token,
        signing_key=access.current_key(tx),
        notices=notices,
    )


def _may_be_shown_again(tx: Tx, shown_hash: str, next_token: str) -> bool:
    shown = sessions.find_token(tx, shown_hash)
    following = sessions.find_token(tx, tokens.token_hash(next_token))
    grace_seconds = tx.settings(CustomerSettings).refresh_grace_seconds
    return (
        shown is not None
        and shown.is_within_grace(tx.now, grace_seconds)
        and following is not None
        and following.consumed_at is None
    )


def _own(tx: Tx, customer_id: str, session_id: str) -> list[Session]:
    session = sessions.lock(tx, session_id)
    return [session] if session is not None and session.customer_id == customer_id else []


def _end_surplus(tx: Tx, customer_id: str) -> list[RevocationNotice]:
    keep = tx.settings(CustomerSettings).sessions_per_account
    surplus = [sessions.lock(tx, session_id) for session_id in sorted(sessions.surplus(tx, customer_id, keep))]
    return _end(tx, [session for session in surplus if session is not None], "too-many-sessions")


def _end(tx: Tx, ending: Sequence[Session], reason: EndReason) -> list[RevocationNotice]:
    """Session, refresh tokens and event in one transaction: a revoked session has no good token."""
    notices = []
    for session in ending:
        revoked = session.revoke(reason, tx.now)
        if revoked is None:
            continue
        sessions.save(tx, session)
        sessions.consume_all(tx, session.id)
        tx.record(revoked)
        notices.append(RevocationNotice(session_id=session.id))
    return notices
