"""The table of the measurements against their bars, for people and as JSON."""

import json
import os
import platform
import sysconfig
import time
from pathlib import Path
from typing import Any

import msgspec
import pysqlite3
from rich.console import Console
from rich.table import Table

WIDTH = 150
RESULTS = Path(__file__).parent / "results.json"


class Row(msgspec.Struct, frozen=True):
    """One measure. `bar` and `goal` are of the same unit; `more_is_better` says on which side of them to be."""

    measure: str
    value: float
    unit: str
    bar: float | None = None
    goal: float | None = None
    more_is_better: bool = True
    note: str = ""

    @property
    def standing(self) -> str:
        if self.bar is None or self.goal is None:
            return ""
        return "goal" if self._reaches(self.goal) else "bar" if self._reaches(self.bar) else "below the bar"

    def _reaches(self, line: float) -> bool:
        return self.value >= line if self.more_is_better else self.value <= line


def show(rows: list[Row]) -> None:
    table = Table(title="one process on SQLite")
    for heading in ("measure", "value", "first bar", "the goal", "reached", "note"):
        table.add_column(heading, justify="left" if heading in ("measure", "note") else "right")
    for row in rows:
        bar = "" if row.bar is None else f"{row.bar:g}"
        goal = "" if row.goal is None else f"{row.goal:g}"
        table.add_row(row.measure, f"{row.value:,.4g} {row.unit}", bar, goal, row.standing, row.note)
    console = Console()
    # Where nobody looks (a file, a pipe) there is no width to keep to.
    Console(width=console.width if console.is_terminal else WIDTH).print(table)


def keep(rows: list[Row]) -> None:
    """The last results with the facts of the machine they were taken on."""
    content = {
        **facts(),
        "rows": [msgspec.to_builtins(row) | {"standing": row.standing} for row in rows],
    }
    RESULTS.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def facts() -> dict[str, Any]:
    """When and on which machine."""
    return {"takenAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": _machine()}


def _machine() -> dict[str, str | int | None]:
    models = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "cores": os.cpu_count(),
        "processor": models[0] if models else platform.processor(),
        "system": platform.system(),
        "python": platform.python_version(),
        "pythonOptimized": "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS")),
        "sqlite": pysqlite3.sqlite_version,
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
