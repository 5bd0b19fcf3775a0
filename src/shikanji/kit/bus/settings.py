"""Settings of a bus that stores events."""

from typing import Annotated

import msgspec


class BusSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`SHIKANJI_BUS_<FIELD>` in the environment sets each."""

    max_bytes: Annotated[int, msgspec.Meta(ge=1_048_576)] = 2_147_483_648
    """What the event stream may hold. It keeps 24 hours of events; when it is full it takes no more: relays wait."""
    replicas: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    """Servers that each hold every event: 3 in a cluster of NATS servers, 1 on a single one."""
