"""Several SQLite databases on one connection, to be read and never changed: for what must compare them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite

from shikanji.kit.db.safe_sqlite import BUSY_SECONDS_MAX, require_safe_version

MAPPED_BYTES_MAX = 1 << 36
"""Files are read where the kernel has them: copying each page first takes half of the time of a look at everything."""

SqliteError = sqlite.Error
"""What reading may raise: a file that is no database, is damaged, or is of another release."""


def open_together(paths: Mapping[str, Path]) -> Any:
    """Each database under its name: `SELECT … FROM "order".orders`. Readers of WAL files hinder no writer. Raises
    FileNotFoundError for one that is not there,
    SqliteError for one that is no database."""
    require_safe_version()
    connection = sqlite.connect(":memory:", timeout=BUSY_SECONDS_MAX, isolation_level=None)
    connection.execute("PRAGMA temp_store=MEMORY")
    for name, path in paths.items():
        if not path.exists():
            connection.close()
            raise FileNotFoundError(path)
        _attach(connection, name, path)
    return connection


def _attach(connection: Any, name: str, path: Path) -> None:
    try:
        connection.execute(f"ATTACH DATABASE ? AS {quoted(name)}", (str(path),))
        connection.execute(f"PRAGMA {quoted(name)}.mmap_size={MAPPED_BYTES_MAX}").fetchall()
    except SqliteError as error:
        connection.close()
        raise SqliteError(f"{path}: {error}") from error


def forbid_changes(connection: Any, *, really: bool = True) -> None:
    """From here on, not even temporary tables can be made; or all may be done again."""
    connection.execute(f"PRAGMA query_only={'ON' if really else 'OFF'}")


def quoted(name: str) -> str:
    """An SQL identifier, whatever word it is."""
    return '"' + name.replace('"', '""') + '"'
