"""SQLite without the locks that nobody needs."""

import ctypes
import subprocess
import sys
from pathlib import Path

from shikanji.kit.db.sqlite_connection import open_writer, sqlite_library_path

PROBE = """
from pathlib import Path
from shikanji.kit.db.sqlite_library import spare_locks
print(spare_locks(Path({path!r})))
"""


def test_it_takes_both_settings_before_its_first_connection() -> None:
    probe = PROBE.format(path=str(sqlite_library_path()))
    said = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True, timeout=60)

    assert said.stdout.strip() == str(sys.platform == "linux")


def test_its_memory_is_not_counted(tmp_path: Path) -> None:
    """What is counted is under a lock."""
    connection = open_writer(tmp_path / "counters.db")
    used = ctypes.CDLL(str(sqlite_library_path())).sqlite3_memory_used()
    connection.close()

    assert (used == 0) is (sys.platform == "linux")
