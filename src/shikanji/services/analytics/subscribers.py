"""Whatever happens anywhere is kept, and counted."""

import importlib
import pkgutil
from collections.abc import Iterator, Sequence

from shikanji import contracts
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Envelope, Event, Subscribers
from shikanji.services.analytics.actions import keeping


def every_event() -> Iterator[type[Event]]:
    """Of the whole published language, also of services that are not part of the platform yet."""
    for module in pkgutil.iter_modules(contracts.__path__):
        name = f"{contracts.__name__}.{module.name}"
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, type) and issubclass(value, Event) and value.__module__ == name:
                yield value


subscribers = Subscribers()


@subscribers.on_every(every_event())
def keep(tx: Tx, envelopes: Sequence[Envelope]) -> None:
    keeping.keep(tx, envelopes)
