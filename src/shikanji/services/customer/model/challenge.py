"""Codes: a challenge says who must prove what; the code itself is computed from its id and stored nowhere."""

from typing import Literal

import msgspec

from shikanji.services.customer.identity import Channel, Identifier

Purpose = Literal["sign-in", "reset", "verify"]


class Challenge(msgspec.Struct, kw_only=True):
    """Bound to a purpose, an identifier and, except for sign-in, an account. Times in µs."""

    id: str
    purpose: Purpose
    channel: Channel
    identifier: str
    """What the code is sent to."""
    identifier_key: str
    account_id: str | None
    """None for a sign-in, and where nobody has that identifier: then no code is right, and none is sent."""
    created_at: int
    expires_at: int
    guesses: int = 0
    consumed_at: int | None = None

    @classmethod
    def issue(
        cls, id: str, purpose: Purpose, identifier: Identifier, account_id: str | None, *, at: int, lasts: int
    ) -> "Challenge":
        return cls(
            id=id,
            purpose=purpose,
            channel=identifier.channel,
            identifier=identifier.value,
            identifier_key=identifier.key,
            account_id=account_id,
            created_at=at,
            expires_at=at + lasts,
        )

    @property
    def proves(self) -> Identifier:
        return Identifier(self.channel, self.identifier, self.identifier_key)

    @property
    def answerable(self) -> bool:
        """Whether there is anybody who could know the code."""
        return self.purpose == "sign-in" or self.account_id is not None
