"""How answers are printed: for people on a terminal, complete and line by line for everything else."""

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from rich.console import Console

Row = Mapping[str, Any]

SHORT_CHARACTERS_MAX = 24
EVENT_IDS_COLUMNS = 120
"""From this width on, an event's line has its aggregate's id too."""


def progress() -> Console:
    """What goes on, beside the answer: on stderr."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """One sentence of what goes on."""
    progress().print(text, markup=False)


def complain(message: str) -> None:
    """What a user can mend, whole however narrow the terminal is."""
    progress().print(message, style="red", markup=False)


def show(result: Any) -> None:
    """A text as it is, a list line by line, anything else as JSON."""
    if isinstance(result, str):
        _write(result)
    elif isinstance(result, list):
        show_rows(result)
    else:
        _write(msgspec.json.format(msgspec.json.encode(result)).decode())


def show_rows(rows: list[Row]) -> None:
    """A table where the terminal is wide enough for it, else each row by itself; JSON lines where it is none."""
    if not sys.stdout.isatty():
        _write_lines(rows)
    elif not rows:
        _write("none")
    elif len(_aligned(rows)[0]) <= _columns():
        _write("\n".join(_aligned(rows)))
    else:
        _write("\n\n".join("\n".join(_by_itself(row)) for row in rows))


class EventLines:
    """Events as they come, a line each: the day, when it changes, stands above those of that day."""

    def __init__(self) -> None:
        self._day = ""

    def show(self, events: list[Row]) -> None:
        if not sys.stdout.isatty():
            _write_lines(events)
            return
        for event in events:
            day, time = event["at"].rstrip("Z").split("T")
            if day != self._day:
                self._day = day
                _write(f"{day} (UTC)")
            line = f"{time[:8]} {event['service']:<12} {event['type']:<21} {event['event']}"
            _write(f"{line}  of {event['aggregate']}" if _columns() >= EVENT_IDS_COLUMNS else line)


def close_broken_pipe() -> None:
    """Whoever read us has seen enough (`| head`): nothing is to be said about that when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _aligned(rows: list[Row]) -> list[str]:
    """The header and the rows, all of one width."""
    table = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in table]


def _by_itself(row: Row) -> Iterable[str]:
    """What is short in one line, what is long below it under its name."""
    told = {name: str(value) for name, value in row.items() if str(value)}
    short = {name for name, text in told.items() if len(text) <= SHORT_CHARACTERS_MAX}
    yield "  ".join(f"{name} {told[name]}" for name in told if name in short)
    width = max(map(len, told))
    yield from (f"  {name:<{width}}  {text}" for name, text in told.items() if name not in short)


def _columns() -> int:
    return shutil.get_terminal_size().columns


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _write_lines(rows: Iterable[Row]) -> None:
    sys.stdout.write("".join(msgspec.json.encode(row).decode() + "\n" for row in rows))
    sys.stdout.flush()
