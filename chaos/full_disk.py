"""A disk that is full for one process alone: no file that it writes may grow beyond a size."""

import os
import resource
from pathlib import Path

NOTHING_MORE = 0
"""Bytes that any file may have: nothing can be written any more, as on a disk that is full to the last block."""


def limit_files(pid: int, size: int) -> None:
    """By the process's own user, for nobody else may everywhere. Its hard limit stays, so that `lift` can undo it."""
    owner = Path(f"/proc/{pid}").stat()
    if owner.st_uid == os.geteuid():
        _limit(pid, size)
        return
    child = os.fork()
    if child == 0:
        try:
            os.setgid(owner.st_gid)
            os.setuid(owner.st_uid)
            _limit(pid, size)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def lift(pid: int) -> None:
    limit_files(pid, resource.prlimit(pid, resource.RLIMIT_FSIZE)[1])


def _limit(pid: int, size: int) -> None:
    hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
