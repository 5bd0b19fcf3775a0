"""What several processes burn and keep together, with all their children."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(roots: Iterable[int]) -> float:
    """User and system time of these processes and all below them, also of those that have ended and were waited for."""
    return sum(sum(map(int, _fields(pid)[11:15])) for pid in _family(roots)) / _TICKS_PER_SECOND


def memory_mb(roots: Iterable[int]) -> float:
    """Resident memory; what several of them share counts once."""
    return sum(_share_kb(pid) for pid in _family(roots)) * 1_024 / 1e6


def count(roots: Iterable[int]) -> int:
    return sum(1 for _ in _family(roots))


def _family(roots: Iterable[int]) -> Iterator[int]:
    children: defaultdict[int, list[int]] = defaultdict(list)
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            pid = int(place.name)
            children[int(_fields(pid)[1])].append(pid)
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting.extend(children[pid])


def _fields(pid: int) -> list[str]:
    """From the third on; zeros of a process that has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["0"] * 50


def _share_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
