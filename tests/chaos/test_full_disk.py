"""A disk can be full for one process alone, and have room again."""

import subprocess
import sys
from pathlib import Path

from chaos.full_disk import NOTHING_MORE, lift, limit_files

WRITES_WHEN_ASKED = """
import os, sys
file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
for line in sys.stdin:
    try:
        print(os.write(file, b"tea"), flush=True)
    except OSError as error:
        print(type(error).__name__, error.errno, flush=True)
"""


def test_a_full_disk_refuses_what_is_written_until_there_is_room(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITES_WHEN_ASKED, str(tmp_path / "file")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:

        def ask() -> str:
            assert writer.stdin is not None
            assert writer.stdout is not None
            writer.stdin.write("write\n")
            writer.stdin.flush()
            return writer.stdout.readline().strip()

        assert ask() == "3"

        limit_files(writer.pid, NOTHING_MORE)
        assert ask().startswith("OSError")

        lift(writer.pid)
        assert ask() == "3"
        assert writer.stdin is not None
        writer.stdin.close()
