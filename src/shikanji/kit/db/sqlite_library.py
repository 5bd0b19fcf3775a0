"""How the SQLite library works in this process, told to it before its first connection."""

import ctypes
import sys
from pathlib import Path

MULTITHREAD = 2
MEMSTATUS = 9
"""As in sqlite3.h: SQLITE_CONFIG_…"""
_SETTINGS: tuple[tuple[int, ...], ...] = ((MULTITHREAD,), (MEMSTATUS, 0))


def spare_locks(library: Path) -> bool:
    """Takes from the library two kinds of locks that nobody here needs, a tenth of what a statement costs: a
    connection's own, taken for every bound value (each connection is used by one thread at a time), and one around the
    count of all its memory. To be called before the first connection is opened. False where it goes on as before:
    functions with any number of arguments are called otherwise on other systems."""
    if sys.platform != "linux":
        return False
    sqlite = ctypes.CDLL(str(library))
    sqlite.sqlite3_shutdown()
    refused = [setting for setting in _SETTINGS if sqlite.sqlite3_config(*setting)]
    sqlite.sqlite3_initialize()
    return not refused
