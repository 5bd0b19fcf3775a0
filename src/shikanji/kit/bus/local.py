"""The bus of the one-process shape: a relay's batch goes straight into the subscribers' inboxes."""

import asyncio
from collections.abc import Collection, Sequence

from shikanji.kit.bus import Listener, Receiver
from shikanji.kit.events import Envelope
from shikanji.kit.telemetry.logs import logger

_log = logger("bus")


class LocalBus:
    def __init__(self) -> None:
        self._receivers: list[tuple[frozenset[str], Receiver]] = []
        self._services: set[str] = set()
        self._listeners: list[tuple[frozenset[str] | None, Listener]] = []

    def subscribe(self, service: str, types: Collection[str], receive: Receiver) -> None:
        if service in self._services:
            raise ValueError(f"{service} has subscribed already")
        self._services.add(service)
        self._receivers.append((frozenset(types), receive))

    def listen(self, types: Collection[str] | None, listener: Listener) -> None:
        self._listeners.append((None if types is None else frozenset(types), listener))

    async def publish(self, batch: Sequence[Envelope]) -> None:
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
