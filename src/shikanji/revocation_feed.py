"""How verifiers learn of ended sessions: what the customer service tells and answers, in the kit's words."""

from collections.abc import Awaitable, Callable
from typing import TypedDict

import msgspec

from shikanji.contracts.customer import (
    REVOCATIONS_CHANNEL,
    AccessChanged,
    AskRevocations,
    AskSessionStanding,
    AskSigningKeys,
    RevocationNotice,
    SessionRevoked,
)
from shikanji.kit.auth import Principal
from shikanji.kit.auth_revocations import Revocations, Snapshot
from shikanji.kit.bus import Bus
from shikanji.kit.cache import Cache
from shikanji.kit.calls import Calls
from shikanji.kit.events import Envelope


class Questions(TypedDict):
    fill: Callable[[], Awaitable[Snapshot]]
    ask: Callable[[Principal], Awaitable[bool]]


def questions(calls: Calls) -> Questions:
    async def fill() -> Snapshot:
        known = await calls.ask(AskRevocations())
        return Snapshot(known.sessions, known.minimum_versions)

    async def ask(principal: Principal) -> bool:
        standing = await calls.ask(
            AskSessionStanding(
                account_id=principal.account_id, session_id=principal.session_id, version=principal.version
            )
        )
        return standing.good

    return {"fill": fill, "ask": ask}


def keys(calls: Calls) -> Callable[[], Awaitable[list[dict[str, str]]]]:
    async def ask() -> list[dict[str, str]]:
        return (await calls.ask(AskSigningKeys())).keys

    return ask


async def follow(revocations: Revocations, cache: Cache, bus: Bus) -> None:
    """The fan-out is first, before the answer to a logout leaves; the events tell whoever missed it, and after a gap in
    either the account service is asked for all."""

    def take(notice: RevocationNotice) -> None:
        if notice.session_id is not None:
            revocations.session_revoked(notice.session_id)
        if notice.account_id is not None and notice.minimum_version is not None:
            revocations.version_raised(notice.account_id, notice.minimum_version)

    async def heard(message: bytes) -> None:
        take(msgspec.json.decode(message, type=RevocationNotice))

    def session_revoked(envelope: Envelope) -> None:
        revocations.session_revoked(envelope.event(SessionRevoked).session_id, envelope.occurred_at)

    def access_changed(envelope: Envelope) -> None:
        event = envelope.event(AccessChanged)
        revocations.version_raised(event.customer_id, event.minimum_version)

    cache.on_gap(revocations.gap)
    await cache.listen(REVOCATIONS_CHANNEL, heard)
    bus.listen({SessionRevoked.__name__}, session_revoked, missed=revocations.gap)
    bus.listen({AccessChanged.__name__}, access_changed, missed=revocations.gap)
