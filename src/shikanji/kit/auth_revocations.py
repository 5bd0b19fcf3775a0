"""Which tokens are no good any more before their time: revoked sessions and outdated authz versions."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from shikanji.kit.auth import Principal
from shikanji.kit.clock import MINUTE, Clock
from shikanji.kit.errors import Problem

TOKEN_LIFE_MAX = 60 * MINUTE
"""No access token is good for longer, whatever an operator sets."""
_KEPT = TOKEN_LIFE_MAX + MINUTE
_PRUNED_EVERY = MINUTE
REFILL_PAUSE_SECONDS = 1.0


class Snapshot(NamedTuple):
    """What the account service knows: revoked session → when (µs); account → least version that is still good."""

    sessions: Mapping[str, int]
    minimum_versions: Mapping[str, int]


class Revocations:
    """Kept for the longest token life, after which the tokens concerned have expired by themselves. Fed by notices as
    they come; at the start, and after a gap in the notices, refilled by `fill`. Until that is done, `ask` is asked per
    token."""

    def __init__(
        self,
        clock: Clock,
        *,
        fill: Callable[[], Awaitable[Snapshot]],
        ask: Callable[[Principal], Awaitable[bool]],
    ) -> None:
        self._clock = clock
        self._fill = fill
        self._ask = ask
        self._sessions: dict[str, int] = {}
        self._minimum_versions: dict[str, tuple[int, int]] = {}
        self._pruned_at = clock.now()
        self._gaps = 0
        self._was_filled = False
        self._needed = asyncio.Event()
        self._needed.set()

    @property
    def filled(self) -> bool:
        return not self._needed.is_set()

    @property
    def usable(self) -> bool:
        """Filled at least once. In a gap it goes on by asking: no reason for a process to say that it is not ready,
        which all would say at once when the cache goes away."""
        return self._was_filled

    async def good(self, principal: Principal) -> bool:
        if principal.session_id in self._sessions:
            return False
        least = self._minimum_versions.get(principal.account_id)
        if least is not None and principal.version < least[0]:
            return False
        return self.filled or await self._ask(principal)

    def session_revoked(self, session_id: str, at: int | None = None) -> None:
        self._prune()
        self._sessions[session_id] = self._clock.now() if at is None else at

    def version_raised(self, account_id: str, minimum_version: int) -> None:
        self._prune()
        known, _ = self._minimum_versions.get(account_id, (0, 0))
        self._minimum_versions[account_id] = (max(known, minimum_version), self._clock.now())

    def gap(self) -> None:
        """Notices may have been missed: what is known stays good, what is not known must be asked for."""
        self._gaps += 1
        self._needed.set()

    async def refill(self) -> None:
        """Merges what the account service knows into what came meanwhile. Raises what `fill` raises."""
        gaps = self._gaps
        snapshot = await self._fill()
        for session_id, at in snapshot.sessions.items():
            self.session_revoked(session_id, at)
        for account_id, minimum_version in snapshot.minimum_versions.items():
            self.version_raised(account_id, minimum_version)
        self._was_filled = True
        if gaps == self._gaps:
            self._needed.clear()

    async def keep_filled(self, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Refills at the start and after every gap, until cancelled."""
        while True:
            await self._needed.wait()
            try:
                await self.refill()
            except Problem:
                await pause(REFILL_PAUSE_SECONDS)

    def _prune(self) -> None:
        now = self._clock.now()
        if now - self._pruned_at < _PRUNED_EVERY:
            return
        self._pruned_at = now
        self._sessions = {session: at for session, at in self._sessions.items() if now - at < _KEPT}
        self._minimum_versions = {
            account: least for account, least in self._minimum_versions.items() if now - least[1] < _KEPT
        }
