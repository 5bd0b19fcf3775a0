"""`shikanji` as its users call it: a process of its own, its exit code and its words."""

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.forked import Forks
from tests.harness import SECRET


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What a command prints where no terminal reads it: a JSON line for each row."""
        return [json.loads(line) for line in self.out.splitlines()]


def environment(folder: Path, **settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHIKANJI_") and name != "COLUMNS"}
    given = {"data_dir": str(folder), "secret": SECRET, **settings}
    return kept | {f"SHIKANJI_{name.upper()}": value for name, value in given.items()}


def shikanji(*arguments: str, folder: Path, typed: str = "", **settings: str) -> Ended:
    with TemporaryDirectory() as place:
        streams = [Path(place) / name for name in ("in", "out", "err")]
        streams[0].write_text(typed)
        code = forks().wait(forks().run(arguments, environment(folder, **settings), streams))
        ended = Ended(code, streams[1].read_text(), streams[2].read_text())
    assert "Traceback" not in ended.err, ended.err
    return ended


@cache
def forks() -> Forks:
    """One for this file; it ends with the tests, when nobody speaks to it any more."""
    return Forks()
