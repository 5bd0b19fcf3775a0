"""What answers for a service: here, its app in this process; `remote` has its copies elsewhere."""

from typing import Protocol

from shikanji.gateway.problems import GatewayTimeout
from shikanji.kit.asgi import ASGIApp, Receive, Scope, Send
from shikanji.kit.deadlines import Deadlines

MAY_HAVE_ACTED = "it may have acted all the same; repeat a write with its Idempotency-Key"


class Upstream(Protocol):
    """Answers one request as an ASGI app does; the body comes in one message. Raises a Problem when there is no
    answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class InProcess:
    """The service's own app, called directly: nothing can go wrong on the way but time."""

    def __init__(self, app: ASGIApp, *, seconds_max: float) -> None:
        self._app = app
        self._seconds_max = seconds_max
        self._deadlines = Deadlines()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._deadlines.within(self._seconds_max):
                await self._app(scope, receive, send)
        except TimeoutError:
            raise GatewayTimeout(MAY_HAVE_ACTED) from None
