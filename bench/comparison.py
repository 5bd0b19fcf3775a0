"""The shapes of the platform side by side, for people and as JSON."""

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bench.report import RESULTS, WIDTH, Row, facts

KEPT = Path(__file__).parent / "results_scaled.json"
ONE_PROCESS = "one process on SQLite"

Columns = Mapping[str, list[Row]]


class _Kept(msgspec.Struct):
    rows: list[Row]


def one_process() -> list[Row]:
    """The last run of that shape."""
    return msgspec.json.decode(RESULTS.read_bytes(), type=_Kept).rows


def show(columns: Columns) -> None:
    shown = {ONE_PROCESS: one_process(), **columns}
    table = Table(title="several processes on PostgreSQL, NATS and Valkey, beside one process")
    for heading in ("measure", *shown):
        table.add_column(heading, justify="left" if heading == "measure" else "right")
    for measure in dict.fromkeys(row.measure for rows in columns.values() for row in rows):
        table.add_row(measure, *(_value(rows, measure) for rows in shown.values()))
    console = Console()
    console = Console(width=console.width if console.is_terminal else WIDTH)
    console.print(table)
    for name, rows in columns.items():
        for row in rows:
            if row.note:
                console.print(f"{name}: {row.measure}: {row.note}")


def keep(columns: Columns) -> None:
    content = {**facts(), "columns": {name: msgspec.to_builtins(rows) for name, rows in columns.items()}}
    KEPT.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _value(rows: list[Row], measure: str) -> str:
    found = next((row for row in rows if row.measure == measure), None)
    return "" if found is None else f"{found.value:,.4g} {found.unit}"
