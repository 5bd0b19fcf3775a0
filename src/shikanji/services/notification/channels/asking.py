"""Asking a provider over HTTP, and what its answer or its silence means."""

import json
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec

from shikanji.services.notification.errors import OutcomeUnknown, Refused, TryLater

ANSWER_BYTES_MAX = 65_536
OUR_FAULT = frozenset({401, 403})
"""Nothing about the message: somebody has to put the credentials right."""
NOT_NOW = frozenset({408, 425, 429})
RETRY_AFTER_SECONDS_MAX = 3_600
REASON_CHARACTERS_MAX = 120


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None


async def ask(http: aiohttp.ClientSession, url: str, *, seconds: int, **options: Any) -> Answer:
    """A POST. Raises TryLater where it cannot have arrived, OutcomeUnknown where it may have."""
    timeout = aiohttp.ClientTimeout(total=seconds)
    try:
        async with http.post(url, timeout=timeout, allow_redirects=False, **options) as answer:
            return Answer(answer.status, answer.headers, await _body(answer))
    except aiohttp.ClientConnectorError as lost:
        raise TryLater(f"not reached: {type(lost.os_error).__name__}") from lost
    except (aiohttp.ClientError, TimeoutError) as lost:
        raise OutcomeUnknown(f"no answer: {type(lost).__name__}") from lost


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    """To its end, or as much as anybody has to say."""
    read = b""
    async for part in answer.content.iter_chunked(8_192):
        read += part
        if len(read) > ANSWER_BYTES_MAX:
            break
    return read


def refusal(answer: Answer, reason: str = "") -> Exception:
    """What to raise for an answer that is no success. A 5xx may come from anywhere on the way, also from behind where
    the message was taken."""
    said = f"answered {answer.status}{f': {reason[:REASON_CHARACTERS_MAX]}' if reason else ''}"
    if answer.status in NOT_NOW | OUR_FAULT:
        return TryLater(said, _retry_after(answer))
    if answer.status == 503 and "Retry-After" in answer.headers:
        return TryLater(said, _retry_after(answer))
    if 400 <= answer.status < 500:
        return Refused(said)
    return OutcomeUnknown(said)


def _retry_after(answer: Answer) -> int | None:
    text = answer.headers.get("Retry-After", "")
    return min(int(text), RETRY_AFTER_SECONDS_MAX) if text.isascii() and text.isdigit() else None
