"""From a bus URL to a bus: `local:` or `nats://host:port`."""

from collections.abc import Sequence
from typing import Protocol

from shikanji.kit.bus import Bus
from shikanji.kit.bus.local import LocalBus
from shikanji.kit.bus.settings import BusSettings
from shikanji.kit.errors import OperatorError
from shikanji.kit.events import Subscribers

LOCAL = "local:"
_NATS = ("nats://", "tls://")


class BadBusUrl(OperatorError):
    def __init__(self) -> None:
        super().__init__("SHIKANJI_BUS_URL must be local: or nats://host:port (several with commas, tls:// for TLS).")


class Subscribing(Protocol):
    """What a `Service` says of what it wants to hear."""

    @property
    def name(self) -> str: ...

    @property
    def subscribers(self) -> Subscribers: ...


def open_bus(url: str, settings: BusSettings | None = None, *, name: str = "shikanji") -> Bus:
    """Not yet started. `name` is what the server's monitoring shows of this process. Raises BadBusUrl."""
    if url == LOCAL:
        return LocalBus()
    if not url.startswith(_NATS):
        raise BadBusUrl
    from shikanji.kit.bus.jetstream import JetStreamBus

    return JetStreamBus(url, settings or BusSettings(), name=name)


async def prepare_bus(url: str, services: Sequence[Subscribing], settings: BusSettings | None = None) -> None:
    """Makes what the bus keeps on its server, or brings it to the settings. Raises OperatorError when that cannot be
    done; nothing is lost by it, for the outboxes hold every event."""
    if url == LOCAL:
        return
    if not url.startswith(_NATS):
        raise BadBusUrl
    from shikanji.kit.bus.jetstream import prepare

    subscribed = {each.name: frozenset(each.subscribers.kinds) for each in services if each.subscribers.kinds}
    await prepare(url, subscribed, settings or BusSettings())


async def backlog(url: str, settings: BusSettings | None = None) -> int:
    """Events that the bus stores and a service has not received yet. Raises OperatorError, Unavailable."""
    if url == LOCAL:
        return 0
    if not url.startswith(_NATS):
        raise BadBusUrl
    from shikanji.kit.bus.jetstream import undelivered

    return await undelivered(url, settings or BusSettings())
