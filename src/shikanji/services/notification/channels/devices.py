"""One push message to all of somebody's devices at once."""

import asyncio
from collections.abc import Sequence

import msgspec

from shikanji.kit.messages import NoChannel
from shikanji.services.notification.channels.port import Channel, Letter
from shikanji.services.notification.errors import Gone, OutcomeUnknown, Refused, TryLater

_RANKS: dict[type[Exception], int] = {OutcomeUnknown: 0, TryLater: 1, Refused: 3, NoChannel: 4}
_UNFORESEEN = 2
"""Of several failures the one counts that leaves most open: the least."""


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """How many took it, and the first of them; `gone`: addresses that nobody has; `failed`: why others did not."""

    taken: int
    provider: str | None
    provider_id: str | None
    gone: tuple[str, ...]
    failed: Exception | None


async def post_to_all(ways: Sequence[Channel], letters: Sequence[Letter]) -> Posted:
    """Each letter on its own way."""
    said = await asyncio.gather(*map(_post, ways, letters))
    taken = [(way.name, each) for way, each in zip(ways, said, strict=True) if not isinstance(each, Exception)]
    failed = [each for each in said if isinstance(each, Exception) and not isinstance(each, Gone)]
    provider, provider_id = taken[0] if taken else (None, None)
    return Posted(
        taken=len(taken),
        provider=provider,
        provider_id=provider_id,
        gone=tuple(letter.to for letter, each in zip(letters, said, strict=True) if isinstance(each, Gone)),
        failed=min(failed, key=lambda each: _RANKS.get(type(each), _UNFORESEEN), default=None),
    )


async def _post(way: Channel, letter: Letter) -> str | Exception | None:
    try:
        return await way.post(letter)
    except Exception as error:
        # Whatever one device is in the way of, it is not in the way of the others.
        return error
