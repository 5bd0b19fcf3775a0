"""Objects in a folder of this machine, or wherever obstore's URL points."""

import re
from pathlib import Path

from obstore.store import LocalStore, ObjectStore

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){0,7}")


class ObjectFiles:
    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, key: str, data: bytes) -> None:
        await self._store.put_async(_checked(key), data)

    async def get(self, key: str) -> bytes | None:
        try:
            found = await self._store.get_async(_checked(key))
        except FileNotFoundError:
            return None
        return bytes(await found.bytes_async())

    async def delete(self, key: str) -> None:
        try:
            await self._store.delete_async(_checked(key))
        except FileNotFoundError:
            return


def local_files(folder: Path) -> ObjectFiles:
    folder.mkdir(parents=True, exist_ok=True)
    return ObjectFiles(LocalStore(prefix=folder))


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key) or len(key) > 512:
        raise ValueError(f"not an object key: {key[:80]!r}")
    return key
