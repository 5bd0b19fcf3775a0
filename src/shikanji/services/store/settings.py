"""What an operator may set of the store service."""

import msgspec


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    slot_hold_minutes: int = 20
    """How long a place in a slot waits for its order before it is asked whether one will come."""
    slot_keep_days: int = 60
    """How long places of past slots are kept."""
