"""Takes the guards of the services away one by one, and asks the cells of authorization.yaml that stand behind each.
`python -m tests.house.mutation` names those that nobody would miss.

Every guard gets a process of its own, into which its module is loaded from changed source; nothing is patched."""

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType
from typing import Any

# So that no child has to; of ours only what no guard stands in.
import aiohttp  # noqa: F401
import alembic  # noqa: F401
import joserfc.jws  # noqa: F401
import prometheus_client  # noqa: F401
import pytest  # noqa: F401
import sqlalchemy.dialects.postgresql  # noqa: F401

from tests.house.guards import Guard, all_guards, routes_behind, without
from tests.house.matrix import read_table, route_of

TOKENS_LIVE_SECONDS = 3_600
"""A run takes minutes, and the people of the table sign in once."""
SECONDS_MAX = 120
BROKEN = "broken: "


class _Changed(SourceFileLoader):
    """Loads a module without one of its guards; what was compiled before does not count."""

    def __init__(self, guard: Guard) -> None:
        super().__init__(guard.module, str(guard.path))
        self._tree = without(guard, guard.path.read_text())

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._tree, self.path, "exec")


class _Finder(MetaPathFinder):
    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        if fullname != self._guard.module:
            return None
        return spec_from_file_location(fullname, self._guard.path, loader=_Changed(self._guard))


class Yard:
    """Where it is done: a folder with a platform that has all people and things of the table, to be copied."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._people = folder / "people.json"
        self._running: dict[int, tuple[Guard | None, Path]] = {}

    def prepare(self) -> None:
        self._start(None, self._assemble, self._folder / "assembled")
        _, said = self.next_ended()
        if said:
            raise RuntimeError(said)

    def look(self, guard: Guard | None, rows: Sequence[str]) -> None:
        """Begins to ask these rows of the platform without the guard (None: as it is)."""
        place = self._folder / (f"{guard.module}.{guard.place}.{guard.kind}" if guard else "control")
        self._start(guard, lambda: self._first_difference(guard, rows, place), place)

    def next_ended(self) -> tuple[Guard | None, str]:
        """The guard whose process has ended, and what was noticed; empty: nothing."""
        pid, status = os.wait()
        guard, place = self._running.pop(pid)
        shutil.rmtree(place.with_suffix(".data"), ignore_errors=True)
        return guard, place.read_text() if place.exists() else f"ended with {status}: {place.with_suffix('.log')}"

    @property
    def running(self) -> int:
        return len(self._running)

    def _start(self, guard: Guard | None, task: Callable[[], str], place: Path) -> None:
        if pid := os.fork():
            self._running[pid] = guard, place
            return
        signal.alarm(SECONDS_MAX)
        log = os.open(place.with_suffix(".log"), os.O_WRONLY | os.O_CREAT)
        os.dup2(log, 1)
        os.dup2(log, 2)
        try:
            place.write_text(task())
        except Exception as error:
            place.write_text(f"{BROKEN}{error!r}")
        finally:
            os._exit(0)

    def _assemble(self) -> str:
        from tests.harness import open_shop
        from tests.house.people import assemble

        async def fill() -> None:
            life = str(TOKENS_LIVE_SECONDS)
            async with open_shop(self._folder / "data", customer_access_token_seconds=life) as shop:
                people = await assemble(shop, shop.platform)
                self._people.write_text(json.dumps(await people.kept()))

        asyncio.run(fill())
        return ""

    def _first_difference(self, guard: Guard | None, rows: Sequence[str], place: Path) -> str:
        if guard is not None:
            sys.meta_path.insert(0, _Finder(guard))
        from tests.harness import open_shop
        from tests.house.cells import differences
        from tests.house.people import again

        async def ask() -> str:
            async with open_shop(place.with_suffix(".data")) as shop:
                people = again(json.loads(self._people.read_text()), shop, shop.platform)
                for row in rows:
                    try:
                        found = await differences(people, row, read_table()[row])
                    except AssertionError as refused:
                        return f"{row}: what it needs cannot be made: {refused}"
                    if found:
                        return found[0]
            return ""

        shutil.copytree(self._folder / "data", place.with_suffix(".data"))
        return asyncio.run(ask())


def noticed(guards: Sequence[Guard], jobs: int) -> Iterator[tuple[Guard, str]]:
    """Each guard, and what was answered otherwise without it; empty: nothing. Raises RuntimeError where something is
    answered otherwise with all of them."""
    table = list(read_table())
    behind = [[row for row in table if not routes or route_of(row) in routes] for routes in routes_behind(guards)]
    waiting = list(zip(guards, behind, strict=True))
    with TemporaryDirectory(prefix="shikanji-guards-") as folder:
        yard = Yard(Path(folder))
        yard.prepare()
        yard.look(None, sorted({row for rows in behind for row in rows}, key=table.index))
        while yard.running or waiting:
            while waiting and yard.running < jobs:
                yard.look(*waiting.pop(0))
            guard, found = yard.next_ended()
            if found.startswith(BROKEN) or (guard is None and found):
                raise RuntimeError(f"{guard.name if guard else 'with all guards'}: {found}")
            if guard is not None:
                yield guard, found


def main() -> int:
    parser = argparse.ArgumentParser(description="Takes guards away one by one, and names those that nobody misses.")
    parser.add_argument("words", nargs="*", help="only guards whose name has one of these, as loyalty/routes")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    guards = [each for each in all_guards() if not chosen.words or any(word in each.name for word in chosen.words)]
    survivors = []
    for number, (guard, found) in enumerate(noticed(guards, chosen.jobs), 1):
        survivors += [] if found else [guard.name]
        sys.stdout.write(f"{number}/{len(guards)} {guard.name}: {found[:160] or 'NOBODY NOTICES'}\n")
        sys.stdout.flush()
    sys.stdout.write(
        f"{len(guards)} guards, {len(survivors)} not missed\n" + "".join(f"{name}\n" for name in survivors)
    )
    return 1 if survivors or not guards else 0


if __name__ == "__main__":
    sys.exit(main())
