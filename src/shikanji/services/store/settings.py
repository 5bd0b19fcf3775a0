"""What an operator may set of the store service: `SHIKANJI_STORE_<FIELD>`."""

from typing import Annotated

import msgspec


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    slot_hold_minutes: Annotated[int, msgspec.Meta(ge=1, le=1_440)] = 20
    """How long a place in a slot waits for its order before it is asked whether one will come."""
    slot_keep_days: Annotated[int, msgspec.Meta(ge=1, le=3_650)] = 60
    """How long places of past slots are kept."""
