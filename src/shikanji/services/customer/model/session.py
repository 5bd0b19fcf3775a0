"""Sessions: one per sign-in, each with a chain of refresh tokens of which exactly one is good."""

from typing import Literal

import msgspec

from shikanji.contracts.customer import SessionRevoked
from shikanji.kit.clock import SECOND

EndReason = Literal[
    "logout",
    "revoked",
    "disabled",
    "password",
    "identifier-taken",
    "token-reused",
    "too-many-sessions",
]
USER_AGENT_LENGTH_MAX = 200


class Session(msgspec.Struct, kw_only=True):
    """Times in µs. Its id names the family of refresh tokens."""

    id: str
    customer_id: str
    created_at: int
    last_used_at: int
    expires_at: int
    revoked_at: int | None = None
    revoked_reason: str | None = None
    ip: str
    user_agent: str

    @classmethod
    def open(cls, id: str, customer_id: str, *, ip: str, user_agent: str, at: int, lasts: int) -> "Session":
        return cls(
            id=id,
            customer_id=customer_id,
            created_at=at,
            last_used_at=at,
            expires_at=at + lasts,
            ip=ip,
            user_agent=user_agent[:USER_AGENT_LENGTH_MAX],
        )

    def is_live(self, at: int) -> bool:
        return self.revoked_at is None and at < self.expires_at

    def use(self, at: int, lasts: int) -> None:
        """A rotation keeps it alive."""
        self.last_used_at, self.expires_at = at, at + lasts

    def revoke(self, reason: EndReason, at: int) -> SessionRevoked | None:
        """None: it was revoked before."""
        if self.revoked_at is not None:
            return None
        self.revoked_at, self.revoked_reason = at, reason
        return SessionRevoked(session_id=self.id, customer_id=self.customer_id, reason=reason)


class RefreshToken(msgspec.Struct, kw_only=True):
    """One link of a session's chain, known by its hash. `consumed_at`: rotated, or ended with its session."""

    token_hash: str
    session_id: str
    issued_at: int
    expires_at: int
    consumed_at: int | None = None

    def is_within_grace(self, at: int, grace_seconds: int) -> bool:
        """Whether a second showing may be a client that missed the answer to the first."""
        return self.consumed_at is not None and at - self.consumed_at <= grace_seconds * SECOND
