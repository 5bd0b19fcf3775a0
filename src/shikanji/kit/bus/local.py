"""The bus of the one-process shape: a relay's batch goes straight into the subscribers' inboxes."""

import asyncio
from collections.abc import Callable, Collection, Sequence

from shikanji.kit.bus import Listener, Receiver, Traffic
from shikanji.kit.db.leadership import Leadership
from shikanji.kit.events import Envelope
from shikanji.kit.telemetry.logs import logger

_log = logger("bus")


class LocalBus:
    trouble = ""

    def __init__(self) -> None:
        self.traffic = Traffic()
        self._receivers: list[tuple[frozenset[str], Receiver]] = []
        self._services: set[str] = set()
        self._listeners: list[tuple[frozenset[str] | None, Listener]] = []
        self._wanted: set[str] = set()
        self._all_wanted = False

    async def start(self, *, patient: bool = False) -> None:
        """There is nothing to connect to."""

    async def close(self) -> None:
        """What is published is received before `publish` returns: nothing is under way."""

    async def epoch(self) -> str:
        return ""

    def subscribe(
        self, service: str, types: Collection[str], receive: Receiver, leadership: Leadership | None = None
    ) -> None:
        """Without regard to leadership: whoever publishes here is the only process."""
        if service in self._services:
            raise ValueError(f"{service} has subscribed already")
        self._services.add(service)
        self._receivers.append((frozenset(types), receive))
        self._wanted.update(types)

    def listen(
        self, types: Collection[str] | None, listener: Listener, *, missed: Callable[[], None] | None = None
    ) -> None:
        """After delivery to the subscribers; nothing is ever missed."""
        self._listeners.append((None if types is None else frozenset(types), listener))
        self._wanted.update(types or ())
        self._all_wanted |= types is None

    def wanted(self, type_name: str) -> bool:
        return self._all_wanted or type_name in self._wanted

    async def publish(self, batch: Sequence[Envelope], *, again: bool = False) -> None:
        deliveries = []
        for types, receive in self._receivers:
            if wanted := [envelope for envelope in batch if envelope.type in types]:
                deliveries.append(receive(wanted))
        outcomes = await asyncio.gather(*deliveries, return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if failures:
            # Those that have it drop it when it comes again.
            raise failures[0]
        self._tell(batch)

    def _tell(self, batch: Sequence[Envelope]) -> None:
        for types, listener in self._listeners:
            for envelope in batch:
                if types is None or envelope.type in types:
                    try:
                        listener(envelope)
                    except Exception:
                        _log.exception("a listener failed", event_type=envelope.type, event_id=envelope.id)
