"""Objects in a folder of this machine, in its memory, or in a bucket: whatever obstore has a store for."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from shikanji.kit.errors import Unavailable
from shikanji.kit.telemetry.logs import logger

SECONDS_MAX = 12.0
"""For one operation, with all its tries."""
CHECK_SECONDS_MAX = 0.9
"""Whoever asks whether it is ready waits a second."""
RETRY_AFTER_SECONDS = 5
CHECK_KEY = "ready"
"""Asked for to see whether the store answers; it need not be there."""

NOBODY_ANSWERS = "nobody answers: see that it runs, and that SHIKANJI_S3_ENDPOINT is its address"
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){0,7}")
_REASONS = {
    "NoSuchBucket": "there is no such bucket: make it, or correct SHIKANJI_FILES_URL",
    "InvalidAccessKeyId": "the access key is not known there: correct SHIKANJI_S3_ACCESS_KEY",
    "SignatureDoesNotMatch": "the secret key is wrong: correct SHIKANJI_S3_SECRET_KEY",
    "AccessDenied": "the key may not read, write, delete and list there: give it that right",
    "error sending request": NOBODY_ANSWERS,
    "error following redirect": "the bucket is in another region: correct SHIKANJI_S3_REGION",
    "AuthorizationHeaderMalformed": "the bucket is in another region: correct SHIKANJI_S3_REGION",
}
"""What stands in an answer that is none → what whoever runs the platform can do."""

_log = logger("files")


class ObjectFiles:
    def __init__(self, store: ObjectStore, place: str) -> None:
        """`place`: what to call it where something is wrong with it."""
        self._store = store
        self._place = place
        self._was_usable = False

    async def put(self, key: str, data: bytes) -> None:
        with self._answering():
            async with asyncio.timeout(SECONDS_MAX):
                await self._store.put_async(_checked(key), data)

    async def get(self, key: str) -> bytes | None:
        with self._answering():
            return await self._get(_checked(key))

    async def delete(self, key: str) -> None:
        with self._answering():
            try:
                async with asyncio.timeout(SECONDS_MAX):
                    await self._store.delete_async(_checked(key))
            except FileNotFoundError as absent:
                _require_bucket(absent)

    async def check(self) -> str:
        if not self._was_usable:
            try:
                async with asyncio.timeout(CHECK_SECONDS_MAX):
                    await self._get(CHECK_KEY)
            except (BaseError, OSError) as error:
                return f"{self._place}: {_reason(error)}"
            self._was_usable = True
        return ""

    async def _get(self, key: str) -> bytes | None:
        try:
            async with asyncio.timeout(SECONDS_MAX):
                found = await self._store.get_async(key)
                return bytes(await found.bytes_async())
        except FileNotFoundError as absent:
            _require_bucket(absent)
            return None

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError) as error:
            _log.error("the files store does not do its work", place=self._place, reason=_reason(error))
            raise Unavailable("The store of files does not answer", retry_after_seconds=RETRY_AFTER_SECONDS) from error


def _require_bucket(absent: FileNotFoundError) -> None:
    """An object that is absent because there is no bucket is another matter."""
    if "NoSuchBucket" in str(absent):
        raise absent


def _reason(error: Exception) -> str:
    """In our words where we have some, else in the first of its own."""
    text = str(error)
    if isinstance(error, TimeoutError):
        return NOBODY_ANSWERS
    ours = next((reason for sign, reason in _REASONS.items() if sign in text), "")
    return ours or text.partition("\n")[0][:200]


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key) or len(key) > 512:
        raise ValueError(f"not an object key: {key[:80]!r}")
    return key
