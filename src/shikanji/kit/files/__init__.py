"""The files port: whole objects under a key."""

from typing import Protocol


class Files(Protocol):
    async def put(self, key: str, data: bytes) -> None:
        """Stores the object; the same key again replaces it. Keys are relative paths of safe characters."""
        ...

    async def get(self, key: str) -> bytes | None: ...

    async def delete(self, key: str) -> None: ...
