"""The files port: whole objects under a key."""

from typing import Protocol

import msgspec


class Files(Protocol):
    """Every operation raises Unavailable when the store does not do it; it may have done it all the same."""

    async def put(self, key: str, data: bytes) -> None:
        """Stores the object; the same key again replaces it. Keys are relative paths of safe characters."""
        ...

    async def get(self, key: str) -> bytes | None: ...

    async def delete(self, key: str) -> None: ...

    async def check(self) -> str:
        """What keeps the store from being used, and what to do about it; empty when nothing does. Once it was found
        usable it is not asked again: what breaks later fails the request that needs a file, not the whole process."""
        ...


class S3Access(msgspec.Struct, frozen=True):
    """Where S3 is and who we are there."""

    endpoint: str | None = None
    """None: Amazon's."""
    region: str = "us-east-1"
    access_key: str | None = None
    secret_key: str | None = None
    """None, like the access key: what the machine itself is given (its role, `AWS_…` in its environment)."""
