"""Named places where a test may kill the process: each step between a request and the last subscriber's commit."""

import os
import signal
import sys
import threading

_armed_name, _, _armed_count = os.environ.get("SHIKANJI_FAILPOINT", "").partition(":")
_remaining = int(_armed_count or 1)
_lock = threading.Lock()


def failpoint(name: str) -> None:
    """Dies here, as by `kill -9`, when SHIKANJI_FAILPOINT is `name` or `name:n` and this is the n-th time."""
    if name == _armed_name:
        _hit(name)


def _hit(name: str) -> None:
    global _remaining
    with _lock:
        _remaining -= 1
        if _remaining:
            return
        # The line proves to the test that this place was reached; the kernel keeps what was written before the kill.
        os.write(sys.stderr.fileno(), f"failpoint {name}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)


def armed() -> str | None:
    """The name of the armed failpoint; production refuses to start with one."""
    return _armed_name or None
