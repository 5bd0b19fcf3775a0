"""Takes the guards of the services away, of each route one at a time, and asks the cells of authorization.yaml behind
them. `python -m tests.house.mutation` names the guards that nobody would miss.

It is done in processes of their own, which load the guards' modules from changed source; nothing is patched."""

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
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
SECONDS_MAX = 600

DOUBLED = {
    "services/order/model/edges.py never if not actor.staff": "the route is for staff, and no edge is a customer's",
    "services/order/model/edges.py always actor.staff": "the route is for staff, and no edge is a customer's",
    "services/order/model/order.py never if trade not in actor.capacities": "the route says it is invalid",
    "services/review/routes/reviews.py never if standing.customer_id != customer_id": "each use of it asks again",
    "services/store/actions.py never if not head_office": "the route refuses it too, before it asks for the account",
    "services/store/routes/staff.py never if not head_office": "the action refuses it too, in its transaction",
}
"""Guards that may go unnoticed, because another stands behind them."""

Group = dict[Guard, list[str]]
"""Guards that stand before different routes, each with the rows of the table that miss it."""


class _Changed(SourceFileLoader):
    """Loads a module without these of its guards; what was compiled before does not count."""

    def __init__(self, module: str, path: Path, guards: Sequence[Guard]) -> None:
        super().__init__(module, str(path))
        self._tree = without(guards, path.read_text())

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._tree, self.path, "exec")


class _Finder(MetaPathFinder):
    def __init__(self, guards: Iterable[Guard]) -> None:
        self._guards: dict[str, list[Guard]] = {}
        for guard in guards:
            self._guards.setdefault(guard.module, []).append(guard)

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        if fullname not in self._guards:
            return None
        here, file = self._guards[fullname], self._guards[fullname][0].path
        return spec_from_file_location(fullname, file, loader=_Changed(fullname, file, here))


class Yard:
    """Where it is done: a folder with a platform that has all people and things of the table, to be copied."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._people = folder / "people.json"
        self._running: dict[int, tuple[Group, Path]] = {}

    def prepare(self) -> None:
        self._start({}, self._assemble, self._folder / "assembled")
        self.next_ended()

    def look(self, group: Group, *, control: Sequence[str] = ()) -> None:
        """Begins to ask the rows of the platform without the guards; `control`: rows to be asked of it as it is."""
        name = next((f"{guard.module}.{guard.place}.{guard.kind}" for guard in group), "control")
        place = self._folder / name
        self._start(group, lambda: self._ask(group, control, place), place)

    def next_ended(self) -> tuple[Group, dict[str, str]]:
        """Guards whose process has ended, and the first difference that was found, by the guard's name ("": with all
        guards); empty: none. Raises RuntimeError where nothing could be asked."""
        pid, status = os.wait()
        group, place = self._running.pop(pid)
        shutil.rmtree(place.with_suffix(".data"), ignore_errors=True)
        if not place.exists():
            log = place.with_suffix(".log").read_text()
            raise RuntimeError(f"{place.name} ended with {status}: {log[-2_000:]}")
        found: dict[str, str] = json.loads(place.read_text())
        return group, found

    @property
    def running(self) -> int:
        return len(self._running)

    def _start(self, group: Group, task: Callable[[], dict[str, str]], place: Path) -> None:
        if pid := os.fork():
            self._running[pid] = group, place
            return
        signal.alarm(SECONDS_MAX)
        log = os.open(place.with_suffix(".log"), os.O_WRONLY | os.O_CREAT)
        os.dup2(log, 1)
        os.dup2(log, 2)
        try:
            place.write_text(json.dumps(task()))
        except Exception:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(0)

    def _assemble(self) -> dict[str, str]:
        from tests.harness import open_shop
        from tests.house.people import assemble

        async def fill() -> None:
            life = str(TOKENS_LIVE_SECONDS)
            async with open_shop(self._folder / "data", customer_access_token_seconds=life) as shop:
                people = await assemble(shop, shop.platform)
                self._people.write_text(json.dumps(await people.kept()))

        asyncio.run(fill())
        return {}

    def _ask(self, group: Group, control: Sequence[str], place: Path) -> dict[str, str]:
        sys.meta_path.insert(0, _Finder(group))
        from tests.harness import open_shop
        from tests.house.cells import differences
        from tests.house.people import People, again

        table = read_table()

        async def first_difference(people: People, rows: Sequence[str]) -> str:
            for row in rows:
                try:
                    found = await differences(people, row, table[row])
                except AssertionError as refused:
                    return f"{row}: what it needs cannot be made: {refused}"
                if found:
                    return found[0]
            return ""

        async def ask() -> dict[str, str]:
            async with open_shop(place.with_suffix(".data")) as shop:
                people = again(json.loads(self._people.read_text()), shop, shop.platform)
                found = {guard.name: await first_difference(people, rows) for guard, rows in group.items()}
                return found | {"": await first_difference(people, control)}

        shutil.copytree(self._folder / "data", place.with_suffix(".data"))
        return asyncio.run(ask())


def noticed(guards: Sequence[Guard], jobs: int, *, controlled: bool = True) -> Iterator[tuple[Guard, str]]:
    """Each guard, and what was answered otherwise without it; empty: nothing. Raises RuntimeError where nothing could
    be asked, or where `controlled` and something is answered otherwise with all of them."""
    waiting = grouped(guards)
    control = sorted({row for group in waiting for rows in group.values() for row in rows if controlled})
    with TemporaryDirectory(prefix="shikanji-guards-") as folder:
        yard = Yard(Path(folder))
        yard.prepare()
        yard.look({}, control=control)
        while yard.running or waiting:
            while waiting and yard.running < jobs:
                yard.look(waiting.pop(0))
            group, found = yard.next_ended()
            if found[""]:
                raise RuntimeError(f"with all guards: {found['']}")
            yield from ((guard, found[guard.name]) for guard in group)


def grouped(guards: Sequence[Guard]) -> list[Group]:
    """No two of a group stand before the same route: what is answered otherwise there, only the one can have done."""
    table = list(read_table())
    groups: list[Group] = []
    for guard, routes in zip(guards, routes_behind(guards), strict=True):
        rows = [row for row in table if not routes or route_of(row) in routes]
        taken = (group for group in groups if not any(set(rows) & set(others) for others in group.values()))
        group = next(taken, None)
        if group is None:
            groups.append({guard: rows})
        else:
            group[guard] = rows
    return groups


def main() -> int:
    parser = argparse.ArgumentParser(description="Takes guards away and names those that nobody misses.")
    parser.add_argument("words", nargs="*", help="only guards whose name has one of these, as loyalty/routes")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    guards = [each for each in all_guards() if not chosen.words or any(word in each.name for word in chosen.words)]
    survivors = []
    for number, (guard, found) in enumerate(noticed(guards, chosen.jobs), 1):
        said = found or DOUBLED.get(guard.rule)
        survivors += [] if said else [guard.name]
        sys.stdout.write(f"{number}/{len(guards)} {guard.name}: {said[:160] if said else 'NOBODY NOTICES'}\n")
        sys.stdout.flush()
    sys.stdout.write("\n".join([f"{len(guards)} guards, {len(survivors)} not missed", *survivors, ""]))
    return 1 if survivors or not guards else 0


if __name__ == "__main__":
    sys.exit(main())
