"""Who may take the event loop for something that can wait."""

import asyncio


class Turns:
    """Of patient groups, whichever database theirs is, one in each round of the loop: those of all services one after
    the other would keep whatever else has arrived waiting for the sum of them."""

    def __init__(self) -> None:
        self._taken = False

    def take(self, loop: asyncio.AbstractEventLoop) -> bool:
        """False: it was somebody else's; there is another in the next round."""
        if self._taken:
            return False
        self._taken = True
        loop.call_soon(self._free)
        return True

    def _free(self) -> None:
        self._taken = False
