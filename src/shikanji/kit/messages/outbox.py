"""The development outbox: messages that would have left, kept in a file to be read on a page. Refused in production."""

import asyncio
import fcntl
import html
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from shikanji.kit.messages import Message
from shikanji.kit.web.content_policy import page_policy
from shikanji.kit.web.envelope import problem_response
from shikanji.kit.web.identity import SAFE_METHODS
from shikanji.kit.web.negotiation import MethodNotAllowed

MESSAGES_MAX = 500
FILE_BYTES_MAX = 1 << 20
"""From here on it is shortened to half of it, or to what is shown."""


class OutboxMessages:
    """The newest MESSAGES_MAX are shown; a repeat of a key replaces the first copy. Several processes may write to one
    file and read what the others wrote. Messages that are sent at the same time are written together."""

    takes_html = False

    def __init__(self, path: Path, sender: str = "") -> None:
        self.sender = sender
        self._path = path
        self._waiting: list[Message] = []
        self._writing: asyncio.Task[None] | None = None

    async def send(self, message: Message) -> None:
        self._waiting.append(message)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await asyncio.shield(self._writing)

    async def _write(self) -> None:
        await asyncio.sleep(0)
        messages, self._waiting, self._writing = self._waiting, [], None
        await asyncio.to_thread(self._store, messages)

    def newest(self) -> list[Message]:
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return list(reversed(_read(file)))

    def _store(self, messages: list[Message]) -> None:
        with self._path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # A kill in the middle of writing leaves half a line: it ends here.
            file.write(b"".join(b"\n" + msgspec.json.encode(message) for message in messages))
            if file.tell() > FILE_BYTES_MAX:
                _shorten(file)


def _shorten(file: IO[bytes]) -> None:
    """Down to what is shown, and so far that it is not shortened again at once."""
    file.flush()
    file.seek(0)
    lines: list[bytes] = []
    size = 0
    for line in map(msgspec.json.encode, reversed(_read(file))):
        size += len(line) + 1
        if size > FILE_BYTES_MAX // 2 and lines:
            break
        lines.append(line)
    file.truncate(0)
    file.write(b"\n".join(reversed(lines)))


def _read(file: IO[bytes]) -> list[Message]:
    found: OrderedDict[str, Message] = OrderedDict()
    for line in file:
        with suppress(msgspec.DecodeError):
            message = msgspec.json.decode(line, type=Message)
            found.pop(message.key, None)
            found[message.key] = message
    return list(found.values())[-MESSAGES_MAX:]


def outbox_page(outbox: OutboxMessages) -> Any:
    """An ASGI app: the messages as a page, or as JSON where that is asked for (`Accept: application/json`)."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] not in SAFE_METHODS:
            await _refuse(scope, send)
            return
        messages = await asyncio.to_thread(outbox.newest)
        wants_json = any(name == b"accept" and b"json" in value for name, value in scope["headers"])
        if wants_json:
            kind, body = b"application/json", msgspec.json.encode({"success": True, "data": messages})
        else:
            kind, body = b"text/html; charset=utf-8", _page(messages).encode()
        headers = [
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
            (b"content-security-policy", page_policy(body)),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


async def _refuse(scope: Any, send: Any) -> None:
    correlation_id = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
    refusal = problem_response(MethodNotAllowed({"GET"}), correlation_id)
    await send({"type": "http.response.start", "status": refusal.status, "headers": refusal.headers})
    await send({"type": "http.response.body", "body": refusal.body})


def _page(messages: list[Message]) -> str:
    items = "".join(
        f"<article><h2>{html.escape(message.subject or message.channel)}</h2>"
        f"<p>{message.channel} to <b>{html.escape(message.to)}</b></p><pre>{html.escape(message.text)}</pre></article>"
        for message in messages
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        "<meta name=color-scheme content='light dark'><link rel=icon href='data:,'><title>Development outbox</title>"
        "<style>body{font:16px/1.5 system-ui;max-width:42rem;margin:auto;padding:1rem}"
        "article{border:1px solid #8884;border-radius:.75rem;padding:.25rem 1rem;margin:1rem 0}"
        "pre{white-space:pre-wrap;overflow-wrap:anywhere}h2{font-size:1.1rem}</style>"
        "<h1>Development outbox</h1><p>What would have left by mail, SMS or push message, newest first.</p>"
        f"{items or '<p>Nothing yet.</p>'}"
    )
