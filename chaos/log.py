"""What the clients asked, on the disk before it is sent, and what they were answered: all that the oracle believes."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

Act = Literal["adjust", "place", "cancel", "move", "initiate", "check-out", "verify"]


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request, or (`status` is there) its answer. A request that is said again is written once."""

    number: int
    """Of the request; its answer has the same."""
    act: Act
    subject: str
    """place and adjust: the key. Everything else: the order's id."""
    facts: dict[str, Any] = {}
    status: int | None = None


class Log:
    """`synced` decides whether an entry is on the disk before its request is sent. Without a file it is only
    remembered: for arms in which the clients do not die with what they ask."""

    def __init__(self, path: Path | None = None) -> None:
        self.entries: list[Entry] = []
        self._file = None if path is None else os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._unwritten: list[bytes] = []
        self._turn = asyncio.Lock()
        self._numbers = 0

    async def asks(self, act: Act, subject: str, **facts: Any) -> int:
        number = self._numbers = self._numbers + 1
        await self._add(Entry(number, act, subject, facts))
        return number

    async def answered(self, number: int, act: Act, subject: str, status: int, **facts: Any) -> None:
        await self._add(Entry(number, act, subject, facts, status))

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    async def _add(self, entry: Entry) -> None:
        self.entries.append(entry)
        if self._file is None:
            return
        self._unwritten.append(msgspec.json.encode(entry) + b"\n")
        async with self._turn:
            # Whoever waited while others were syncing finds its line on the disk already, or takes along all that came.
            lines, self._unwritten = self._unwritten, []
            if lines:
                await asyncio.to_thread(self._sync, b"".join(lines))

    def _sync(self, lines: bytes) -> None:
        assert self._file is not None
        os.write(self._file, lines)
        os.fsync(self._file)


def read(path: Path) -> Iterator[Entry]:
    with path.open("rb") as file:
        for line in file:
            yield msgspec.json.decode(line, type=Entry)
