"""Access tokens: verified with local keys, remembered until they expire or are revoked."""

from typing import Protocol

from shikanji.kit.auth import Principal


class Verifier(Protocol):
    async def verify(self, token: str) -> Principal:
        """The principal that the token names. Raises Unauthorized, with one message for every reason."""
        ...
