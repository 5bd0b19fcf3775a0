"""Named places where a test may kill the process: each step between a request and the last subscriber's commit."""

import os
import signal
import sys
import threading

_armed: dict[str, int] = {}
"""Name → how often it is still to be reached before the process dies of it."""
_lock = threading.Lock()


def arm(names: str) -> None:
    """`name` or `name:n`, several with commas: the n-th time that such a place is reached is the process's last."""
    _armed.clear()
    for part in filter(None, names.split(",")):
        name, _, count = part.partition(":")
        _armed[name] = int(count or 1)


def failpoint(name: str) -> None:
    """Dies here, as by `kill -9`, when this place is armed (SHIKANJI_FAILPOINT)."""
    if _armed and name in _armed:
        _hit(name)


def armed() -> str:
    """What is armed, empty for nothing; production refuses to start with anything."""
    return ",".join(_armed)


def _hit(name: str) -> None:
    with _lock:
        _armed[name] -= 1
        if _armed[name]:
            return
        # The line proves to the test that this place was reached; the kernel keeps what was written before the kill.
        os.write(sys.stderr.fileno(), f"failpoint {name}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get("SHIKANJI_FAILPOINT", ""))
