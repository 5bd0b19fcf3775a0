"""What a long history costs, as tables for people, as JSON, and as a page of the documents."""

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bench.report import WIDTH, Row, facts

KEPT = Path(__file__).parent / "results_growth.json"
PAGE = Path(__file__).parent.parent / "docs" / "growth.md"
BAR, GOAL = 1.5, 1.05
LEAST = {"ms": 0.5}
"""Below so much of a unit a ratio says nothing: the clocks of two runs differ by as much."""
ABOUT = """# What a long history costs

Written by `make growth`: one process on SQLite with {large:,} orders stored, beside one with {small:,}. A ratio above 1
is where the long history is slower, or larger; the bar is {bar}, the goal {goal}. First pages are to be there in 10 ms
(p95, one reader); their CPU is the platform's, and is what another program on the machine bends least. Taken on
{cores} cores ({processor}), {taken_at}.

| measure | {small:,} | {large:,} | ratio | reached |
| --- | ---: | ---: | ---: | --- |
"""


class Growth(msgspec.Struct, frozen=True):
    """`ratio` is above 1 where the long history is slower, or larger."""

    measure: str
    small: float
    large: float
    unit: str
    ratio: float
    standing: str

    @classmethod
    def of(cls, small: Row, large: Row) -> "Growth":
        least = LEAST.get(small.unit, 0.0)
        before, after = max(small.value, least), max(large.value, least)
        ratio = before / after if small.more_is_better else after / before
        reached = "goal" if ratio <= GOAL else "bar" if ratio <= BAR else "below the bar"
        # Of the long history it counts too how long it takes at all.
        standing = reached if large.standing != "below the bar" else large.standing
        return cls(small.measure, small.value, large.value, small.unit, ratio, standing)

    @property
    def cells(self) -> tuple[str, ...]:
        values = (f"{value:,.4g} {self.unit}" for value in (self.small, self.large))
        return self.measure, *values, f"{self.ratio:.2f}", self.standing


def show(title: str, found: Sequence[Growth], small: int, large: int) -> None:
    table = Table(title=f"{title}: one process with {large:,} orders stored, against {small:,}")
    for heading in ("measure", f"{small:,}", f"{large:,}", "ratio", "reached"):
        table.add_column(heading, justify="left" if heading == "measure" else "right")
    for row in found:
        table.add_row(*row.cells)
    console = Console()
    Console(width=console.width if console.is_terminal else WIDTH).print(table)


def keep(found: Sequence[Growth], small: int, large: int) -> None:
    """As far as it has come."""
    taken = facts()
    content = {**taken, "stored": [small, large], "rows": [msgspec.to_builtins(row) for row in found]}
    KEPT.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    machine = taken["machine"]
    head = ABOUT.format(
        small=small,
        large=large,
        bar=BAR,
        goal=GOAL,
        cores=machine["cores"],
        processor=machine["processor"],
        taken_at=taken["takenAt"],
    )
    rows = "".join(f"| {' | '.join(row.cells)} |\n" for row in found)
    PAGE.write_text(head + rows, encoding="utf-8")
