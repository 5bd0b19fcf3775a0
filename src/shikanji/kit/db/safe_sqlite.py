"""Which SQLite may open our files, and for how long it waits for one. Imports nothing that takes its time."""

import pysqlite3.dbapi2 as sqlite

BUSY_SECONDS_MAX = 5.0
_FIXED_LINES = {(3, 44): 6, (3, 50): 7}


class UnsafeSqlite(RuntimeError):
    """This SQLite can corrupt a database in WAL mode (the WAL-reset fault, sqlite.org/wal.html)."""


def require_safe_version(version: tuple[int, ...] = sqlite.sqlite_version_info) -> None:
    if version >= (3, 51, 3) or version[2] >= _FIXED_LINES.get((version[0], version[1]), 1_000):
        return
    text = ".".join(str(part) for part in version)
    raise UnsafeSqlite(f"SQLite {text} can corrupt a WAL database: 3.51.3 or later (3.50.7, 3.44.6) is needed")
