"""Revocations, told at once to every process that checks tokens, ahead of the events that tell the same."""

from collections.abc import Iterable

import msgspec

from shikanji.contracts.customer import REVOCATIONS_CHANNEL, RevocationNotice
from shikanji.kit.service import Room


async def announce(room: Room, notices: Iterable[RevocationNotice]) -> None:
    """After the commit and before the answer: what the caller has just ended is refused from its next request on."""
    for notice in notices:
        await room.cache.publish(REVOCATIONS_CHANNEL, msgspec.json.encode(notice))
