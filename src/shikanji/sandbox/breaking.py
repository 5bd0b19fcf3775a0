"""Breaks the connection in the middle of an answer, when the answer says so: what was done stays done, but nobody
learns of it."""

from collections.abc import MutableMapping
from typing import Any

from shikanji.kit.asgi import ASGIApp, Receive, Scope, Send

RESET_HEADER = "x-sandbox-reset"
_RESET = RESET_HEADER.encode()


def breaking(app: ASGIApp) -> ASGIApp:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        broken = False

        async def send_or_break(message: MutableMapping[str, Any]) -> None:
            nonlocal broken
            if message["type"] == "http.response.start":
                broken = any(name == _RESET for name, _ in message["headers"])
            elif broken:
                # The server closes a connection whose answer ended before the length that it announced.
                message = {**message, "body": message["body"][:-1], "more_body": True}
            await send(message)

        await app(scope, receive, send_or_break)

    return run
