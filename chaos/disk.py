"""A disk that forgets: what was written but not synced may be gone, in part or torn, once the power is cut."""

import random
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

SECTOR_BYTES = 512


class Write(NamedTuple):
    offset: int
    content: bytes


class Truncate(NamedTuple):
    size: int


class Delete(NamedTuple):
    pass


Change = Write | Truncate | Delete


@dataclass
class File:
    """What is certain of a file (None: not even that it is there), and what the disk has only been told."""

    certain: bytearray | None
    told: list[Change] = field(default_factory=list)

    @property
    def is_new(self) -> bool:
        """There is one under this name of which the directory on the disk knows nothing yet."""
        return self.certain is None or any(isinstance(change, Delete) for change in self.told)

    def sync(self) -> None:
        content = self.certain
        for change in self.told:
            content = apply(content, change)
        self.certain = bytearray() if content is None else content
        self.told.clear()

    def sync_name(self) -> None:
        """That it was deleted is certain from now on; and if there is a new one of its name, that this one is there."""
        last = max((place for place, change in enumerate(self.told) if isinstance(change, Delete)), default=None)
        if last is not None:
            self.told = self.told[last + 1 :]
            self.certain = bytearray() if self.told else None

    def after_cut(self, chance: random.Random) -> bytes | None:
        """One of the contents that may be found when the power is back."""
        content = None if self.certain is None else bytearray(self.certain)
        survives = _survival(chance, len(self.told))
        for place, change in enumerate(self.told):
            if survives(place):
                content = apply(content, _torn(chance, change) if chance.random() < TORN_SHARE else change)
            elif isinstance(change, Delete):
                # The old file is still the one of that name; what came after went to another that nobody finds.
                break
        return None if content is None else bytes(content)


TORN_SHARE = 0.2


def _survival(chance: random.Random, count: int) -> Callable[[int], bool]:
    """Disks differ: nothing of it got there, all, all up to some point, or any part in any order."""
    match chance.choice(("nothing", "all", "beginning", "any", "any")):
        case "nothing":
            return lambda _: False
        case "all":
            return lambda _: True
        case "beginning":
            until = chance.randint(0, count)
            return lambda place: place < until
        case _:
            share = chance.random()
            return lambda _: chance.random() < share


def _torn(chance: random.Random, change: Change) -> Change:
    """Only some sectors of a write got there, up to a boundary of the disk's own."""
    if not isinstance(change, Write):
        return change
    first = SECTOR_BYTES - change.offset % SECTOR_BYTES
    ends = range(first, len(change.content), SECTOR_BYTES)
    if not ends:
        return change
    return Write(change.offset, change.content[: chance.choice(ends)])


def apply(content: bytearray | None, change: Change) -> bytearray | None:
    if isinstance(change, Delete):
        return None
    content = bytearray() if content is None else content
    if isinstance(change, Truncate):
        del content[change.size :]
        content.extend(bytes(change.size - len(content)))
        return content
    if len(content) < change.offset:
        content.extend(bytes(change.offset - len(content)))
    content[change.offset : change.offset + len(change.content)] = change.content
    return content


class Disk:
    """The database files of one folder. The files on the real disk hold all that was written, as the cache of an
    operating system would; this holds what a power cut would leave of it. Any thread may call it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[Path, File] = {}
        self._lock = threading.Lock()

    def holds(self, path: Path) -> bool:
        return path.parent == self.folder

    def open(self, path: Path, existed: bool) -> File:
        """`existed`: it was there before SQLite opened it."""
        with self._lock:
            if path not in self._files:
                self._files[path] = File(bytearray(path.read_bytes()) if existed else None)
            return self._files[path]

    def tell(self, file: File, change: Write | Truncate) -> None:
        with self._lock:
            file.told.append(change)

    def sync(self, file: File) -> None:
        with self._lock:
            if file.is_new:
                # With a log that it has made, SQLite syncs the directory: deletions before it are certain too.
                for each in self._files.values():
                    each.sync_name()
            file.sync()

    def delete(self, path: Path, *, durably: bool) -> None:
        with self._lock:
            if file := self._files.get(path):
                file.told.append(Delete())
                if durably:
                    file.sync_name()

    def cut(self, into: Path, chance: random.Random) -> None:
        """The folder as it may be found after a power cut at this moment. Work goes on meanwhile: each call looks into
        another future."""
        into.mkdir(parents=True)
        with self._lock:
            for path, file in self._files.items():
                if (content := file.after_cut(chance)) is not None:
                    (into / path.name).write_bytes(content)
            secret = self.folder / "secret"
            if secret.exists():
                shutil.copy(secret, into)
