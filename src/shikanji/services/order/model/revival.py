"""Late money: whether an order whose payment window ended may still be made."""

from typing import Literal

import msgspec

RevivalState = Literal["open", "confirmed", "refused"]


class Revival(msgspec.Struct):
    """The one attempt to bring an order back. Its number is stored before anything is asked under it; once it is
    `refused`, every payment that comes for the order goes back."""

    order_id: str
    attempt: int
    state: RevivalState
    opened_at: int
    until: int
    """µs; after that it is too late."""
    closed_at: int | None
    reason: str | None

    @classmethod
    def open(cls, order_id: str, *, attempt: int, at: int, until: int) -> "Revival":
        return cls(order_id, attempt, "open", at, until, None, None)

    def confirm(self, at: int) -> None:
        self.state, self.closed_at = "confirmed", at

    def refuse(self, at: int, reason: str) -> None:
        self.state, self.closed_at, self.reason = "refused", at, reason
